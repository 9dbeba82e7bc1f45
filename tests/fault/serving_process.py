"""The notary or the integrator as they are run: `... serving_process <name> <data> <url> <socket>`.

Prints its address when it is ready.
"""

import sys
from pathlib import Path

from gatebook.app import integrator, notary
from gatebook.app.config import Config, load_config
from tests.installations import PREFIX


def config(data: Path, url: str, address: str) -> Config:
    """The settings of an installation that signs every second."""
    environment = {
        "GATEBOOK_STORAGE_URL": url.replace(":@", "@"),  # settings take no password, not even none
        "GATEBOOK_LEDGER_ORIGIN": PREFIX,
        "GATEBOOK_LEDGER_CHECKPOINT_SECONDS": "1",
        "GATEBOOK_LOG_PORT": "0",
        "GATEBOOK_NOTARY_ADDRESS": address,
    }
    return load_config(data=data, environment=environment).config


def main(name: str, data: str, url: str, address: str) -> None:
    """Be one of them until killed."""
    run = {"notary": notary.run, "integrator": integrator.run}[name]
    run(config(Path(data), url, address), lambda where: print(where, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
