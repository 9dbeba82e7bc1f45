"""Every setting of an installation."""

from typing import Any, get_type_hints

import msgspec

from gatebook.app.config import tables
from tools.gen.markdown import code, sentences, table, type_name

PATH = "docs/reference/settings.md"

_INTRODUCTION = """\
# Settings

Settings stand in one file, `gatebook.toml`, one table per package of the program.
`GATEBOOK_CONFIG` names the file; without it, it is the one in the working directory.
An environment variable wins over the file; its name is given beside each setting.
An unknown key refuses to start and names the nearest one.
`gatebook config check` says whether the file is sound.
`gatebook config show --origin` says where each value comes from.
"""


def page() -> str:
    """One section per table."""
    parts = [_INTRODUCTION]
    for name, kind in tables().items():
        parts.append(f"## [{name}]\n\n{sentences(kind.__doc__ or '')}\n{_table(name, kind)}")
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
