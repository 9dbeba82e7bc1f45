"""Every kind of event the book can hold."""

from typing import Any, get_type_hints

import msgspec

from gatebook.core.json_profile import encode
from gatebook.core.registry import classes, modules, summary
from gatebook.ledger import events
from gatebook.ledger.events import Event
from tools.gen.markdown import block, code, sentences, table, type_name

PATH = "docs/reference/events.md"

# Names of OCSF 1.x classes by their unique id (schema.ocsf.io, "Classes").
OCSF = {
    3001: "Account Change",
    3004: "Entity Management",
    6002: "Application Lifecycle",
    6003: "API Activity",
}

_INTRODUCTION = """\
# Events

Every entry of the book carries one of these facts in its field `d`, and the fact's name in `ev`.
Values are enumerations, identifiers, numbers and salted commitments.
None is free text, and none is personal data.
A name is never used again for something else.
The OCSF class is the one that exports use.
"Evidence for" names criteria of the SOC 2 trust services.
"""


def page() -> str:
    """All events by subject, then the structs they share."""
    parts = [_INTRODUCTION]
    for subject, module in modules(events).items():
        own = [kind for kind in classes(events, Event) if kind.__module__ == module.__name__]
        parts.append(f"## {subject}\n\n{sentences(summary(module))}")
        parts += [_event(kind) for kind in own]
    parts.append("## Parts of events\n")
    parts += [f"### {kind.__name__}\n\n{_struct(kind)}" for kind in _parts()]
    return "\n".join(parts)


def _parts() -> list[type[msgspec.Struct]]:
    """The structs that are values of fields."""
    shared = [item for item in vars(events).values() if isinstance(item, type)]
    found = {*shared, *classes(events, msgspec.Struct)}
    parts = {kind for kind in found if issubclass(kind, msgspec.Struct)}
    return sorted(
        (kind for kind in parts if not issubclass(kind, Event)), key=lambda kind: kind.__name__
    )


def _event(kind: type[Event]) -> str:
    ocsf = f"OCSF class {kind.ocsf_class} {OCSF[kind.ocsf_class]}."
    criteria = f"Evidence for {', '.join(kind.controls)}."
    example = msgspec.json.format(encode(kind.example())).decode()
    return (
        f"### {kind.name}\n\n{sentences(summary(kind))}{ocsf}\n{criteria}\n\n"
        f"{_fields(kind)}\n{sentences(summary(kind.example))}\n{block(example, 'json')}"
    )


def _struct(kind: type[msgspec.Struct]) -> str:
    return f"{sentences(kind.__doc__ or '')}\n{_fields(kind)}"


def _fields(kind: type[msgspec.Struct]) -> str:
    hints = get_type_hints(kind, include_extras=True)
    return table(
        ["field", "type", "meaning"],
        [
            (code(field.name), type_name(hints[field.name]), _meaning(hints[field.name], field))
            for field in sorted(msgspec.structs.fields(kind), key=lambda field: field.name)
        ],
    )


def _meaning(hint: Any, field: msgspec.structs.FieldInfo) -> str:
    optional = "" if field.required else " (left out when empty)"
    return str(hint.__metadata__[0].description) + optional
