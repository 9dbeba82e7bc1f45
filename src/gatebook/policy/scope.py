"""The dimensions of a scope that are looked at for each call, each as one check.

What follows from operation and model alone is decided once and remembered (`resolve.py`). Here is
what differs from call to call; a dimension that excludes nothing has no check, so it costs nothing.
"""

from collections.abc import Callable, Iterator

from gatebook.core.clock import to_text
from gatebook.core.errors import Refused
from gatebook.formats import Call
from gatebook.identity.directory import Scope
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.hours import read_hours
from gatebook.policy.patterns import Patterns
from gatebook.policy.sources import Sources, read_network

Check = Callable[[Call, Circumstances], Refused | None]
"""Why the scope does not permit a call; None if this dimension does."""


def checks(scope: Scope) -> tuple[Check, ...]:
    """The checks of a scope, in the order in which they decide."""
    return (
        *_until(scope.expires_at),
        *_within(scope.hours),
        *_from(scope.sources),
        *_computed_in(scope.regions),
        _with_tools(scope.hosted_tools),
        *_without_state(scope.state),
        *_at_most(scope.max_tokens),
        *_of_classes(scope.data_classes),
    )


def _until(expires_at: int | None) -> Iterator[Check]:
    if expires_at is None:
        return

    def check(_call: Call, at: Circumstances) -> Refused | None:
        if at.now_us < expires_at:
            return None
        return Refused(
            "scope_expired",
            f"What the agent may do ended at {to_text(expires_at)}.",
            "Ask the owner of the agent to have it renewed.",
            rule="agent.scope.expires_at",
        )

    yield check


def _within(texts: tuple[str, ...]) -> Iterator[Check]:
    # What cannot be read, such as a zone that this machine does not know, holds no time.
    windows = [hours for hours in map(read_hours, texts) if hours is not None]
    if any(hours.is_always for hours in windows):
        return

    def check(_call: Call, at: Circumstances) -> Refused | None:
        if any(hours.hold(at.now_us) for hours in windows):
            return None
        return Refused(
            "outside_hours",
            f"The agent may call at these hours: {', '.join(texts) or 'none'}.",
            "Call then, or ask the owner of the agent to have them changed.",
            rule="agent.scope.hours",
        )

    yield check


def _from(texts: tuple[str, ...]) -> Iterator[Check]:
    sources = Sources(network for network in map(read_network, texts) if network is not None)
    if sources.are_all:
        return

    def check(_call: Call, at: Circumstances) -> Refused | None:
        if sources.hold(at.address):
            return None
        return Refused(
            "ip_not_allowed",
            f"The agent may not call from the address {at.address or '(unknown)'}.",
            "Call from where it may, or ask the owner of the agent to have the address added.",
            rule="agent.scope.sources",
        )

    yield check


def _computed_in(patterns: tuple[str, ...]) -> Iterator[Check]:
    if "*" in patterns:
        return
    regions = Patterns(patterns)

    def check(call: Call, _at: Circumstances) -> Refused | None:
        place = call.geography
        # One part of the world is within the scope if all regions that are named after it are.
        if not place or regions.match(place) or regions.match(f"{place}-*"):
            return None
        return Refused(
            "region_not_allowed",
            f"The agent may not have a call computed in {place[:80]!a}.",
            "Leave the place to the provider, or ask the owner of the agent to have it granted.",
            rule="agent.scope.regions",
        )

    yield check


def _with_tools(patterns: tuple[str, ...]) -> Check:
    tools = Patterns(patterns)

    def check(call: Call, _at: Circumstances) -> Refused | None:
        for tool in call.hosted_tools:
            if not tools.match(tool):
                return Refused(
                    "hosted_tool_not_allowed",
                    f"The agent may not have the provider run or fetch {tool[:80]!a}.",
                    "Leave it out, or ask the owner of the agent to have it granted.",
                    rule="agent.scope.hosted_tools",
                )
        return None

    return check


def _without_state(is_permitted: bool) -> Iterator[Check]:
    if is_permitted:
        return

    def check(call: Call, _at: Circumstances) -> Refused | None:
        if call.state != "asked":
            return None  # where it is only the default, the call leaves without
        return Refused(
            "state_not_allowed",
            "The agent may not have the provider keep what is said, or use what it kept.",
            "Send everything with each call, or ask the owner of the agent to have it granted.",
            rule="agent.scope.state",
        )

    yield check


def _at_most(limit: int | None) -> Iterator[Check]:
    if limit is None:
        return

    def check(call: Call, _at: Circumstances) -> Refused | None:
        # A call that does not say gets as many as there are; each choice needs one at least.
        if (call.max_tokens or 1) * call.choices <= limit:
            return None
        return Refused(
            "max_tokens_not_allowed",
            f"The agent may ask for {limit} output tokens a call, of all choices together.",
            "Ask for fewer, or ask the owner of the agent to have more granted.",
            rule="agent.scope.max_tokens",
        )

    yield check


def _of_classes(patterns: tuple[str, ...]) -> Iterator[Check]:
    if "*" in patterns:
        return
    classes = Patterns(patterns)

    def check(call: Call, at: Circumstances) -> Refused | None:
        if at.show_only(call, classes):
            return None
        return Refused(
            "data_class_not_allowed",
            "The text holds data that the agent may not send, or nobody looked whether it does.",
            "Leave the data out, or ask the owner of the agent to have its class granted.",
            rule="agent.scope.data_classes",
        )

    yield check
