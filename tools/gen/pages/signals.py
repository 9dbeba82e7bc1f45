"""Every signal of an attack that the guard knows."""

from pathlib import Path

import gatebook.guard
from gatebook.guard.pack import Category, Signal, read_pack
from tools.gen.markdown import code, table

PATH = "docs/reference/signals.md"

_INTRODUCTION = """\
# Signals

A signal is one trait of an attack, found in a text by patterns.
By itself it may be harmless.
What signals and [the model](threat-model.md) say together is a score with a threshold per channel.
The number of a category's signals is in its heading.
A signal counts only in its channels; its patterns and cases stand in `src/gatebook/guard/signals`.
"""


def page() -> str:
    """One section per category with its signals."""
    folder = Path(gatebook.guard.__path__[0]) / "signals"
    pack = read_pack({f"signals/{file.name}": file.read_text() for file in folder.glob("*.toml")})
    parts = [_INTRODUCTION]
    for name, category in pack.categories.items():
        parts.append(
            f"## {name} ({len(category.signals)})\n\n{category.says}\n{_known_as(category)}"
        )
        head = ["signal", "what it says", "severity", "channels", "also"]
        parts.append(table(head, map(_row, category.signals)))
    return "\n".join(parts)


def _known_as(category: Category) -> str:
    return (
        f"OWASP LLM 2025: {', '.join(category.owasp_llm)}.\n"
        f"OWASP Agentic 2026: {', '.join(category.owasp_agentic)}.\n"
        f"MITRE ATLAS: {', '.join(category.atlas) or 'none that is certain'}.\n"
    )


def _row(signal: Signal) -> tuple[str, ...]:
    also = (*signal.owasp_llm, *signal.owasp_agentic, *signal.atlas)
    return (
        code(signal.id),
        signal.says,
        signal.severity,
        ", ".join(signal.channels),
        ", ".join(also),
    )
