"""The little markdown that generated pages need."""

from collections.abc import Iterable, Sequence

import msgspec


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are text, and a `|` in one is kept."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def code(text: str) -> str:
    """Text as it is typed; nothing for nothing."""
    return f"`{text}`" if text else ""


def block(text: str, language: str = "") -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def sentences(text: str) -> str:
    """A docstring's prose as one paragraph, one sentence a line."""
    return " ".join(text.split()).replace(". ", ".\n") + "\n"


def type_name(kind: object) -> str:
    """A field's type in words: `text`, `number`, `list of text`, or the name of a struct."""
    match msgspec.json.schema(kind):
        case {"$ref": str(reference)}:
            return _link(reference)
        case {"enum": [*values]}:
            return " or ".join(map(str, values))
        case {"type": "array", "items": {"type": item}}:
            return f"list of {_WORDS.get(item, item)}"
        case {"type": "object", "additionalProperties": {"type": item}}:
            return f"text to {_WORDS.get(item, item)}"
        case {"anyOf": [*options]}:
            return " or ".join(_link(option["$ref"]) for option in options if "$ref" in option)
        case {"type": str(name)}:
            return _WORDS.get(name, name)
        case other:
            raise ValueError(f"no word for {other}")


_WORDS = {"string": "text", "integer": "number", "boolean": "true or false"}


def _link(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
