"""The ways a call may go, one after another: where it is permitted to, and where it falls back to.

The next one is taken only where nothing can have been executed on the one before: it could not be
reached, or said that it did not carry the call out, or was a fallback that a limit refused. What an
agent may not do on the first way it may not do on another one: policy is asked for each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Exhausted, GatebookError, Invalid, Refused, Unavailable
from gatebook.formats import Call, Operation
from gatebook.gateway.breaker import FAULTS, Breakers, Key, Trial
from gatebook.gateway.not_executed import is_not_executed
from gatebook.gateway.probes import Probes
from gatebook.gateway.snapshot import Snapshot
from gatebook.gateway.stopping import Stopping
from gatebook.gateway.upstream import Reply
from gatebook.identity.directory import Provider
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.patterns import Patterns
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Target
from gatebook.policy.treating import Violation
from gatebook.providers import Dialect
from gatebook.translation.to_chat import to_chat
from gatebook.translation.to_messages import to_messages

_HOW_MANY: Final = 8
"""Ways that a call may go, so that it comes to an end."""


class Way(NamedTuple):
    """One way: the call as it leaves on it, the permit whose first provider takes it, its place."""

    call: Call
    permit: Permit
    number: int
    target: Target
    """What the call is about on it, as stops see it."""

    @property
    def provider(self) -> Provider:
        """Who takes the call on this way."""
        return self.permit.provider


class Elsewhere(Unavailable):
    """The provider did not carry the call out, and there is another way."""


class Ways:
    """The ways of one call; lives as long as the call."""

    def __init__(
        self,
        *,
        breakers: Breakers,
        probes: Probes,
        dialects: Mapping[str, Dialect],
        snapshot: Snapshot,
        call: Call,
        at: Circumstances,
        permit: Permit,
        stopping: Stopping,
        target: Target,
    ) -> None:
        """`target` is what the call is about on every way."""
        self._stopping = stopping
        self._target = target
        self._breakers = breakers
        self._probes = probes
        self._dialects = dialects
        self._snapshot = snapshot
        self.call = permit.fitted(call)
        """The call as it leaves on the first way."""
        self.is_joined = call.operation.join is not None and len(permit.providers) > 1
        """Every provider is asked, and their answers are joined."""
        self.has_answer = False
        """There is something to answer with."""
        # As it came it is held only where it may have to be fitted to another provider.
        has_others = len(permit.providers) > 1 or snapshot.directory.fallbacks
        self._asked = call if has_others else self.call
        self._at = at
        self._permit = permit
        self._rest: Iterator[tuple[Call, Permit]] | None = None
        self._number = 0
        self._next: Way | None = None
        self._trial: Trial | None = None
        """Of the way that was found last, until it is attempted."""

    def _first(self) -> Way:
        way = self._way(self.call, self._permit)
        if self._is_open(way):
            return way
        found = self._find()
        if found is None:
            self._stopping.check(way.target)
            self._snapshot.credential(way.provider)
            raise Unavailable(
                "upstream_unavailable",
                "The provider has failed again and again and is left alone for a while.",
                "Retry after a moment; nothing was sent.",
                retry_after_seconds=self._breakers.waits_seconds(_key(way)),
            )
        return found

    def __iter__(self) -> Iterator[Way]:
        """The ways one after another, each after the one before was given up or gave its part.

        Raises Refused, Misconfigured or Unavailable if none is open.
        """
        way: Way | None = self._first()
        while way is not None:
            yield way
            if self.is_joined and self.has_answer:
                self.has_another()
            way, self._next = self._next, None

    def shown_by(self, way: Way) -> Callable[[str], bool]:
        """Whether a model on the list of a provider is shown: a call for it could go now.

        By a fallback does not count. Where lists are joined, each shows what its provider is the
        first to be asked for, so that nothing is shown twice or of one that is not asked.
        """
        operations = self._dialects[way.provider.dialect].OPERATIONS

        def may_see(model: str) -> bool:
            for call, permit in self._permit.policy.permitted(model, self._at, operations):
                able = [
                    each
                    for each in permit.providers
                    if self._may_go(each, self._target.by(each, call))
                ]
                if able and (not self.is_joined or able[0] == way.provider):
                    return True
            return False

        return may_see

    def attempt(self, way: Way) -> "Attempt":
        """Follow the way that was found last, from before its limits are looked at.

        What goes wrong on it before anything is executed is swallowed, if there is another one.
        """
        trial, self._trial = self._trial, None
        if trial is None:
            raise RuntimeError("a way is attempted that was not found")
        return Attempt(self, way, trial, self._probes)

    def has_another(self) -> bool:
        """Whether there is a way to go on by; it is the next one."""
        self._next = self._next or self._find()
        return self._next is not None

    def can_do_without(self) -> bool:
        """Whether the call goes on if a way leads nowhere."""
        return self.has_another() or self.has_answer

    def _find(self) -> Way | None:
        if self._rest is None:
            self._rest = self._others()
        for call, permit in self._rest:
            self._number += 1
            way = self._way(call, permit)
            if self._number < _HOW_MANY and self._is_open(way):
                return way
        return None

    def _way(self, call: Call, permit: Permit) -> Way:
        return Way(call, permit, self._number, self._target.by(permit.provider, call))

    def _is_open(self, way: Way) -> bool:
        may_go = self._may_go(way.provider, way.target)
        self._trial = self._breakers.admit(_key(way)) if may_go else None
        return self._trial is not None

    def _may_go(self, provider: Provider, target: Target) -> bool:
        return self._stopping.permits(target) and self._snapshot.opens(provider)

    def _others(self) -> Iterator[tuple[Call, Permit]]:
        """The other providers of the call as it is, then its fallbacks."""
        call, permit = self._asked, self._permit
        for number in range(1, len(permit.providers)):
            other = replace(permit, providers=permit.providers[number:])
            yield other.fitted(call), other
        if self.is_joined:
            return
        directory = self._snapshot.directory
        for fallback in directory.fallbacks.values():
            provider = directory.providers[fallback.provider_id]
            if provider.organization_id != permit.provider.organization_id:
                continue
            if Patterns([fallback.model]).match(call.model):
                yield from self._turned(provider, fallback.target or call.model)

    def _turned(self, provider: Provider, model: str) -> Iterator[tuple[Call, Permit]]:
        """The call as it would go to that provider, if it can be said there and is permitted."""
        dialect, now = self._dialects[provider.dialect], self._at.now_us // SECOND_US
        try:
            turned = _renamed(self._asked, dialect.OPERATIONS, model) or _translated(
                self.call, dialect.OPERATIONS, model, now
            )
        except Invalid:
            return
        if turned is None:
            return
        found = self._permit.policy.resolve(turned, self._at)
        if not isinstance(found, Refused) and provider in found.providers:
            only = replace(found, providers=(provider,))
            yield only.fitted(turned), only


class Attempt:
    """A way that is being followed: what it shows of its provider, and whether to go on."""

    def __init__(self, ways: Ways, way: Way, trial: Trial, probes: Probes) -> None:
        self._ways = ways
        self._way = way
        self._trial = trial
        self._probes = probes
        self.gave_up_for = ""
        """The code of the error for which the call goes on without this way."""
        self._is_carried_out = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._trial.__exit__(kind, error, traceback)
        if self._trial.shows and (error is None or isinstance(error, Unavailable)):
            has_failed = self._trial.shows == "fails"
            self._probes.count(self._way.provider.id, has_failed=has_failed)
        if not isinstance(error, GatebookError) or not self._goes_on_after(error):
            return False
        self.gave_up_for = error.code
        return True

    async def answered(self, reply: Reply, limit: int, hold: Callable[[int], None]) -> None:
        """The head of the reply came; raises Elsewhere if the call goes on by another way.

        If need be its body is read; see Reply.whole.
        """
        self._trial.answered(reply.status, reply.header(b"retry-after"))
        has_no_part = self._ways.is_joined and reply.status not in range(200, 300)
        leads_nowhere = has_no_part or await is_not_executed(reply, limit, hold)
        if leads_nowhere and self._ways.can_do_without():
            raise Elsewhere("upstream_busy", "The provider did not carry the call out.")
        self._is_carried_out = True

    def received(self, ending: str) -> None:
        """The reply is in, and this is how it ended."""
        self._ways.has_answer = True
        if ending != "complete":
            self._trial.broke()

    def _goes_on_after(self, error: GatebookError) -> bool:
        if isinstance(error, Elsewhere):
            return True
        if isinstance(error, Refused | Exhausted | Violation):
            # On its first way that refuses the call; any other one is only left out. What the
            # guard finds in a reply comes too late for another way.
            is_early = self._way.number > 0 and not self._is_carried_out
            return is_early and self._ways.can_do_without()
        if error.code == "upstream_unavailable" or (self._ways.is_joined and error.code in FAULTS):
            return self._ways.can_do_without()
        return False


def _renamed(call: Call, operations: Iterable[Operation], model: str) -> Call | None:
    """The call in its own format for another model, which its body or its path names."""
    asked = call.operation
    for operation in operations:
        if operation.name == asked.name and type(operation.format) is type(asked.format):
            break
    else:
        return None
    body = call.body
    if "{model}" not in operation.path:
        body = json_text.with_member(body, "model", b'"%b"' % model.encode())
    path = operation.path.replace("{model}", model.replace(":", "%3A"))
    # Read anew: what a call asks for may follow from the model's name.
    return operation.format.read(
        replace(call, operation=operation, path=path, body=body, model=model)
    )


def _translated(call: Call, operations: Iterable[Operation], model: str, now: int) -> Call | None:
    """The call for another model, in the format of another vendor; None if none takes it."""
    for operation in operations:
        if (call.operation.name, operation.name) == ("chat.completions", "messages"):
            return to_messages(call, operation, model, now)
        if (call.operation.name, operation.name) == ("messages", "chat.completions"):
            return to_chat(call, operation, model)
    return None


def _key(way: Way) -> Key:
    return Key(way.provider.id, way.call.model)
