"""Settings of the installation itself; tables `[server]` and `[keys]` of gatebook.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where this installation keeps its things."""

    data: Annotated[
        str,
        Meta(
            min_length=1,
            description="Data folder: keys, log and, unless set otherwise, the database.",
        ),
    ] = "./gatebook-data"


class KeySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the keys of this installation are read from; empty: in `keys` of the data folder.

    They are made at the first start only in the data folder; a file named here has to exist.
    """

    kek_file: Annotated[
        str, Meta(description="Key-encryption key: 32 bytes in base64; wraps all data keys.")
    ] = ""
    pepper_file: Annotated[
        str,
        Meta(description="Peppers of agent keys: lines of version and 32 bytes in base64."),
    ] = ""
    installation_file: Annotated[
        str, Meta(description="Seed of the key this host signs with: 32 bytes in base64.")
    ] = ""
