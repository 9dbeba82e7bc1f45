"""Makes a command-line verb of every administrative command: its fields are the options.

`agent enroll` is the command whose `verb` says so. A field that ends in `_seconds` is given as a
duration such as 30d, one that holds a secret as a file, never as an argument.
"""

import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec

from gatebook.core.errors import Invalid
from gatebook.core.registry import summary
from gatebook.core.secret import Secret

if TYPE_CHECKING:
    from gatebook.cli.session import Session
    from gatebook.control.apply import Answer
    from gatebook.control.command import Command

_LAST: Final = ("organization",)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Suggesting(click.Group):
    """A group that names the nearest verb when there is none of that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click.Group."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None


class Noun(Suggesting):
    """The verbs about one thing: those written by hand, and one per administrative command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb about it."""
        return sorted({*super().list_commands(ctx), *_verbs(self.name or "")})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        own = super().get_command(ctx, cmd_name)
        kind = None if own else _verbs(self.name or "").get(cmd_name)
        return own if kind is None else order_verb(cmd_name, kind)


class Duration(click.ParamType[int]):
    """A span of time such as 90s, 15m, 24h or 30d, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds that a text means."""
        match = re.fullmatch(r"(\d{1,9})([smhd])", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration such as 90s, 15m, 24h or 30d.", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


def nouns() -> set[str]:
    """What there are administrative commands about."""
    return {kind.verb.split()[0] for kind in _kinds().values()}


def order_verb(name: str, kind: "type[Command]") -> click.Command:
    """The command-line verb of an administrative command."""
    fields = sorted(
        msgspec.structs.fields(kind), key=lambda field: (not field.required, field.name in _LAST)
    )

    def run(**given: Any) -> None:
        _run(kind, given)

    own = [parameter for field in fields for parameter in _parameters(kind, field)]
    return click.Command(
        name,
        params=[*own, *_for_every_order(kind)],
        callback=run,
        short_help=summary(kind),
        help=kind.__doc__,
        epilog="\b\nExamples:\n" + "\n".join(f"  gatebook {line}" for line in kind.examples),
    )


@cache
def _kinds() -> "dict[str, type[Command]]":
    from gatebook.app.folders import command_kinds

    return command_kinds()


def _verbs(noun: str) -> "dict[str, type[Command]]":
    """The administrative commands about something, by their verb."""
    words = ((kind.verb.split(), kind) for kind in _kinds().values())
    return {verb: kind for (about, verb), kind in words if about == noun}


def _parameters(
    kind: "type[Command]", field: msgspec.structs.FieldInfo
) -> Iterator[click.Parameter]:
    """How a field is given on the command line."""
    from gatebook.app.config import describe

    help_text = describe(field.type)
    inner, may_be_none = _inner(field.type)
    flag = "--" + field.name.removesuffix("_seconds").replace("_", "-")
    if inner is Secret:
        yield from _secret_options(field.name, flag, help_text, may_be_none)
    elif field.name == kind.subject:
        yield click.Argument([field.name], required=field.required, type=_type(field.name, inner))
    elif inner is bool:
        yield click.Option([flag, field.name], is_flag=True, help=help_text)
    else:
        default = None if field.default is msgspec.NODEFAULT else field.default
        yield click.Option(
            [flag, field.name],
            type=_type(field.name, inner),
            multiple=isinstance(inner, tuple),
            required=field.required,
            help=help_text,
            default=default,
            show_default=bool(default),
        )


def _secret_options(
    name: str, flag: str, help_text: str, may_be_none: bool
) -> Iterator[click.Parameter]:
    where = f"{help_text}, in a file; - reads standard input. Prompts if left out."
    yield click.Option([f"{flag}-file", name], type=click.File("r"), help=where)
    if may_be_none:
        yield click.Option([f"--no-{name}", f"no_{name}"], is_flag=True, help="It needs none.")


def _for_every_order(kind: "type[Command]") -> list[click.Parameter]:
    why = "Why; kept sealed with the entry."
    return [
        click.Option(["--reason"], required=True, help=why)
        if kind.needs_reason
        else click.Option(["--reason"], default="", help=why),
        click.Option(
            ["--idempotency-key"],
            default="",
            help="Repeat an order with the same key and it is still carried out once.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Answer in JSON."),
    ]


def _inner(annotation: Any) -> tuple[Any, bool]:
    """The plain type behind an annotation: a type, choices in a list, or a tuple of types."""
    annotation = (
        getattr(annotation, "__origin__", annotation) if _is_annotated(annotation) else (annotation)
    )
    parts = get_args(annotation)
    if NoneType in parts:
        (inner,) = (part for part in parts if part is not NoneType)
        return _inner(inner)[0], True
    if parts and getattr(annotation, "__origin__", None) is tuple:
        return (_inner(parts[0])[0],), False
    if parts:
        return list(parts), False
    return annotation, False


def _is_annotated(annotation: Any) -> bool:
    return hasattr(annotation, "__metadata__")


def _type(name: str, inner: Any) -> click.ParamType[Any]:
    if name.endswith("_seconds"):
        return Duration()
    if isinstance(inner, list):
        return click.Choice(inner)
    return click.INT if inner is int else click.STRING


def _run(kind: "type[Command]", given: dict[str, Any]) -> None:
    from gatebook.app.wiring import open_control, operator
    from gatebook.cli.show import show_answer
    from gatebook.control.apply import Order, carry_out
    from gatebook.control.inputs import read_command

    session: Session = click.get_current_context().obj
    reason, key, as_json = (given.pop(name) for name in ("reason", "idempotency_key", "as_json"))
    # An option that may be repeated and was not given once is an empty tuple.
    values = {name: value for name, value in given.items() if value not in (None, ())}
    for field in msgspec.structs.fields(kind):
        if _inner(field.type)[0] is Secret:
            needs_none = values.pop(f"no_{field.name}", False)
            file = values.get(field.name)
            values[field.name] = None if needs_none else _read_secret(file, field.name)
    command = read_command(kind, values)
    with open_control(session.loaded) as control:
        order = Order(command=command, by=operator(), reason=reason, idempotency_key=key)
        answer: Answer = carry_out(control, order)
    show_answer(kind, answer, as_json=as_json)


def _read_secret(file: Any, name: str) -> Secret:
    """The first line of a file or of standard input; asked for only where somebody can answer."""
    if file is not None:
        text = file.readline(10_000).strip()
    elif sys.stdin.isatty():
        text = click.prompt(f"The {name}, which is not shown", hide_input=True, type=str).strip()
    else:
        raise Invalid(
            "secret_missing", f"The {name} is missing.", f"Give --{name}-file, or - to pipe it in."
        )
    if not text:
        raise Invalid("secret_empty", f"The {name} is empty.")
    return Secret(text)
