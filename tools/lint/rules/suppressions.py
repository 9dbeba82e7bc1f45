"""Whoever silences a check says why, after the code or in a comment line above it."""

import io
import re
import tokenize
from collections.abc import Iterator

from tools.lint.source import Offence, Source

_SILENCES = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma)\b(?::\s*[A-Z0-9, ]+\b|\[[^\]]*\])?(.*)")
_REASON = re.compile(r"[a-z]{2,}.*[a-z]{2,}")


def offences(source: Source) -> Iterator[Offence]:
    """`noqa` and `type: ignore` without words beside them."""
    if source.path.suffix != ".py":
        return
    lines = source.text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        found = token.type == tokenize.COMMENT and _SILENCES.search(token.string)
        if found and not _REASON.search(found[1]):
            above = lines[token.start[0] - 2].strip() if token.start[0] > 1 else ""
            if not above.startswith("#"):
                yield Offence(token.start[0], "a check is silenced without a reason")
