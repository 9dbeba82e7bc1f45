"""Asks one policy one thing, without a directory and a gate around it."""

from typing import Any, NamedTuple

from msgspec.structs import replace

from gatebook.core.errors import Refused
from gatebook.formats import Call, Operation
from gatebook.formats.content import Span
from gatebook.guard.inspect import Finding, Inspection
from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import Provider, Scope
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.resolve import Offers, Permit, Policy
from gatebook.providers.openai import CHAT
from tests.decisions import OPENAI, SCOPE
from tests.simulators.clock import NOON_US

HERE = "192.0.2.7"


def seen(*classes: str) -> Inspection:
    """What detectors say that found data of these classes."""
    span = Span("x", "user", 0)
    found = [Finding(name, name, span, 0, 1, 1.0) for name in classes]
    return Inspection(inspected_by=("detector",), findings=tuple(found))


class Asked(NamedTuple):
    """A call, and what it is decided upon beside itself."""

    call: Call
    at: Circumstances


def asked(
    model: str = "gpt-4o",
    *,
    operation: Operation = CHAT,
    inspection: Inspection | None = None,
    address: str = HERE,
    now_us: int = NOON_US,
    **of_call: Any,
) -> Asked:
    """A chat call at noon, but for what is said."""
    call = Call(operation=operation, path=operation.path, model=model, **of_call)
    return Asked(call, Circumstances(inspection or Inspection(), address, now_us))


def policy_of(scope: Scope = SCOPE, *providers: Provider) -> Policy:
    """The policy of a scope in an organization with these providers."""
    return Policy(scope, Offers(providers or (OPENAI,)), GuardPolicy((), GuardSettings()))


def narrowed(**dimensions: Any) -> Scope:
    """A scope in which only these dimensions differ from what is usual."""
    return replace(SCOPE, **dimensions)


def permitted(scope: Scope, what: Asked, *providers: Provider) -> Permit:
    """The permit for what is asked, which there has to be."""
    found = policy_of(scope, *providers).resolve(*what)
    assert isinstance(found, Permit), str(found)
    return found


def refused(scope: Scope, what: Asked, *providers: Provider) -> tuple[str, str]:
    """Code and rule of why it is refused, which it has to be."""
    found = policy_of(scope, *providers).resolve(*what)
    assert isinstance(found, Refused), found
    return found.code, found.rule
