"""Every protocol of a provider that the gate speaks, and what it can be asked for."""

from gatebook.app.folders import dialects
from gatebook.core.registry import summary
from tools.gen.markdown import code, sentences, table

PATH = "docs/reference/providers.md"

_INTRODUCTION = """\
# Providers

The protocols that a provider can be added with (`gatebook provider add`).
A path or a method that is not listed is refused; nothing is passed on that was not understood.
"""


def page() -> str:
    """One section per dialect with its operations."""
    parts = [_INTRODUCTION]
    for name, dialect in dialects().items():
        rows = [
            (code(operation.name), code(operation.method), code(operation.path))
            for operation in dialect.OPERATIONS
        ]
        parts.append(f"## {name}\n\n{sentences(summary(dialect))}")
        parts.append(table(["operation", "method", "path"], rows))
    return "\n".join(parts)
