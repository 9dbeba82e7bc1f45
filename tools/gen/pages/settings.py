"""Every setting of an installation."""

import importlib
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

import gatebook
from gatebook.core.registry import summary
from tools.gen.markdown import code, sentences, table, type_name

PATH = "docs/reference/settings.md"

_INTRODUCTION = """\
# Settings

Settings stand in one file, `gatebook.toml`, one table per package of the program.
An environment variable wins over the file; its name is given beside each setting.
An unknown key refuses to start and names the nearest one.
`gatebook config check` says whether the file is sound.
`gatebook config show --origin` says where each value comes from.
"""


def page() -> str:
    """One section per table."""
    parts = [_INTRODUCTION]
    for path in sorted(Path(gatebook.__path__[0]).glob("*/settings.py")):
        module = importlib.import_module(f"gatebook.{path.parent.name}.settings")
        (kind,) = [
            item
            for item in vars(module).values()
            if isinstance(item, type)
            and issubclass(item, msgspec.Struct)
            and item.__name__ == f"{path.parent.name.title()}Settings"
        ]
        parts.append(f"## [{path.parent.name}]\n\n{sentences(summary(kind))}")
        parts.append(_table(path.parent.name, kind))
    return "\n".join(parts)


def _table(name: str, kind: type[msgspec.Struct]) -> str:
    hints = get_type_hints(kind, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(kind):
        meta = hints[field.name].__metadata__[0]
        variable = f"GATEBOOK_{name}_{field.name}".upper()
        default = msgspec.json.encode(field.default).decode()
        meaning = f"{meta.description} {_range(meta)}".strip()
        rows.append(
            (code(field.name), type_name(hints[field.name]), code(default), meaning, code(variable))
        )
    return table(["setting", "type", "default", "what it changes", "environment"], rows)


def _range(meta: Any) -> str:
    match (meta.ge, meta.le):
        case (None, None):
            return ""
        case (least, None):
            return f"At least {least}."
        case (None, most):
            return f"At most {most}."
        case (least, most):
            return f"From {least} to {most}."
