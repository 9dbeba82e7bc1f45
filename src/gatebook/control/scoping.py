"""How commands say what an agent may do: one option for each dimension of its scope.

What is left out stays as it is. In lists, `none` alone is an empty list, which permits nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import InOrganization
from gatebook.control.inputs import ModelPattern, NamePattern
from gatebook.core.errors import Invalid
from gatebook.identity.directory import Scope
from gatebook.policy.hours import ALWAYS, read_hours
from gatebook.policy.sources import ANYWHERE, read_network

STANDARD: Final = Scope(
    models=(),
    providers=("*",),
    operations=("*",),
    regions=("*",),
    data_classes=("*",),
    hosted_tools=(),
    state=False,
    max_tokens=None,
    sources=ANYWHERE,
    hours=(ALWAYS,),
    expires_at=None,
)
"""What an agent may do if nothing is said; which models, always is."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Names = tuple[NamePattern, ...]
Tokens = Annotated[
    str, Meta(title="a number of tokens, or any", pattern=r"\A([1-9][0-9]{0,8}|any)\Z")
]


class Scoping(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of the commands that say what an agent may do."""

    model: Annotated[
        tuple[ModelPattern, ...] | None,
        Meta(description="Model it may ask for, such as 'gpt-*'; may be repeated."),
    ] = None
    provider: Annotated[
        Names | None, Meta(description="Provider it may use, by name; may be repeated.")
    ] = None
    operation: Annotated[
        Names | None,
        Meta(description="What it may ask, such as chat.completions; may be repeated."),
    ] = None
    region: Annotated[
        Names | None, Meta(description="Region of providers, such as 'eu-*'; may be repeated.")
    ] = None
    data_class: Annotated[
        Names | None,
        Meta(description="Class of data it may send, such as personal; may be repeated."),
    ] = None
    hosted_tool: Annotated[
        Names | None,
        Meta(
            description="What a vendor may run or fetch itself, such as web_search, "
            "'mcp:mcp.example.com' or 'fetch:cdn.example.com'; may be repeated."
        ),
    ] = None
    state: Annotated[
        Literal["allowed", "refused"] | None,
        Meta(description="Whether a vendor may keep what is said, or use what it kept."),
    ] = None
    max_tokens: Annotated[
        Tokens | None, Meta(description="Output tokens of one call at most, or any.")
    ] = None
    source: Annotated[
        tuple[str, ...] | None,
        Meta(description="Network it may call from, such as 10.1.0.0/16, or any; may be repeated."),
    ] = None
    hours: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="When it may call, such as 'mon-fri 08:00-18:00 Europe/Zurich', or any; "
            "may be repeated."
        ),
    ] = None
    expires_at: Annotated[
        str | None,
        Meta(description="When all of it ends, such as 2027-06-30T18:00:00Z, or never."),
    ] = None

    def scope(self, before: Scope, now_us: int) -> Scope:
        """The scope with what the command says; raises Invalid for what cannot be one."""
        named = {
            "models": self.model,
            "providers": self.provider,
            "operations": self.operation,
            "regions": self.region,
            "data_classes": self.data_class,
            "hosted_tools": self.hosted_tool,
            "sources": _sources(self.source),
            "hours": _hours(self.hours),
        }
        said: dict[str, Any] = {
            dimension: _listed(names) for dimension, names in named.items() if names is not None
        }
        if self.state is not None:
            said["state"] = self.state == "allowed"
        if self.max_tokens is not None:
            said["max_tokens"] = None if self.max_tokens == "any" else int(self.max_tokens)
        if self.expires_at is not None:
            said["expires_at"] = _end(self.expires_at, now_us)
        return replace(before, **said)


def changed(before: Scope, after: Scope) -> list[str]:
    """The dimensions in which two scopes differ."""
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    return sorted(name for name, value in new.items() if value != old[name])


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    once = tuple(dict.fromkeys(names))
    if once == ("none",):
        return ()
    if "none" in once:
        raise Invalid("scope_unclear", "none stands alone: it permits nothing.")
    return once


def _sources(given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if given == ("any",):
        return ANYWHERE
    for text in given or ():
        if text != "none" and read_network(text) is None:
            raise Invalid(
                "source_invalid",
                f"{text} is no network.",
                "Such as 10.1.0.0/16 (nothing set behind the mask), 192.0.2.7 or 2001:db8::/32.",
            )
    return given


def _hours(given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if given == ("any",):
        return (ALWAYS,)
    for text in given or ():
        if text != "none" and read_hours(text) is None:
            raise Invalid(
                "hours_invalid",
                f"{text} is no window of time, or this machine does not know its zone.",
                "Such as 'mon-fri 08:00-18:00 Europe/Zurich' or 'sat,sun 22:00-06:00 UTC'.",
            )
    return given


def _end(text: str, now_us: int) -> int | None:
    if text == "never":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(
            "expiry_invalid",
            f"{text} is no time with its zone.",
            "Such as 2027-06-30T18:00:00Z or 2027-06-30T18:00:00+02:00.",
        )
    end_us = (moment - _EPOCH) // timedelta(microseconds=1)
    if end_us <= now_us:
        raise Invalid("expiry_past", f"{text} is in the past.", "Say when it is to end.")
    return end_us
