"""Every protocol of a provider that the gate speaks, and what it can be asked for."""

from gatebook.app.folders import dialects
from gatebook.core.registry import summary
from gatebook.formats.closed import Closed
from gatebook.providers import COMPATIBLE
from tools.gen.markdown import code, sentences, table

PATH = "docs/reference/providers.md"

_INTRODUCTION = """\
# Providers

The protocols that a provider can be added with (`gatebook provider add`).
A path or a method that is not listed is refused; nothing is passed on that was not understood.
Some addresses are known and refused all the same, and the [error](errors.md) says why.
An address that ends in `/*` is meant with all below it.
"""

_KNOWN = """
Added under one of these names, a provider of the dialect `openai` needs no `--base-url`:
"""


def page() -> str:
    """One section per dialect with its operations."""
    parts = [_INTRODUCTION]
    for name, dialect in dialects().items():
        served = [each for each in dialect.OPERATIONS if not isinstance(each.format, Closed)]
        rows = [(code(each.name), code(each.method), code(each.path)) for each in served]
        closed = [code(each.path) for each in dialect.OPERATIONS if each not in served]
        parts.append(f"## {name}\n\n{sentences(summary(dialect))}")
        parts.append(table(["operation", "method", "path"], rows))
        if closed:
            parts.append(f"Known and refused but for the above: {', '.join(closed)}.\n")
        if name == "openai":
            known = [(code(server), code(url)) for server, url in COMPATIBLE.items()]
            parts += [_KNOWN.strip(), "", table(["name", "address"], known)]
    return "\n".join(parts)
