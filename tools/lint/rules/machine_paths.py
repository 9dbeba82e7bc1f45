"""Nothing names a folder of one person's or one machine's; use relative paths or a setting."""

import re
from collections.abc import Iterator

from tools.lint.source import Offence, Source

_PLACES = ("home", "root", "Users", "work", "workspace")
_PATH = re.compile(rf"(?<![\w./:~-])/(?:{'|'.join(_PLACES)})/[\w.-]")


def offences(source: Source) -> Iterator[Offence]:
    """Absolute paths that exist on a developer's machine only."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := _PATH.search(line):
            yield Offence(number, f"'{found[0]}...' is a place on one machine")
