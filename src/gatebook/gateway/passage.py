"""One call on its way: what is known of it so far, and the entries that say so."""

from base64 import urlsafe_b64encode
from typing import Final, NamedTuple, Protocol

from gatebook.core.clock import Clock
from gatebook.core.errors import GatebookError
from gatebook.core.ids import Entropy
from gatebook.formats import Call, Operation, Stream, Usage
from gatebook.gateway.commitments import CommitmentKey, Committer, commit
from gatebook.gateway.snapshot import Snapshot
from gatebook.gateway.ways import Way
from gatebook.guard.vault import Vault
from gatebook.identity.identify import Principal
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Commitment
from gatebook.ledger.events.call import CallConcluded, CallIntended, CallRefused
from gatebook.policy.limits.demand import Came
from gatebook.policy.limits.holding import Holding
from gatebook.policy.treating import Looked
from gatebook.web.exchange import Exchange

_ID_BYTES: Final = 15


class Times(NamedTuple):
    """When a call went through; in microseconds of the monotonic clock, 0 where it did not come."""

    began_us: int
    """The head of the request was in."""
    read_us: int
    """The request was in and understood."""
    sent_us: int
    first_us: int
    """The head of the reply was in."""
    concluded_us: int
    """The reply was in, or nobody waited for it any more."""


class Trace(Protocol):
    """The spans of one call."""

    traceparent: str
    """What names our span to the provider; empty: nothing does."""

    def end(self, exchange: Exchange, passage: "Passage") -> None:
        """The call has ended."""
        ...


class Guarded(Protocol):
    """A streamed reply that the guard looks at."""

    def looked(self) -> Looked:
        """What was found in it so far."""
        ...


class Passage:
    """Filled in stage by stage; whoever has to end the call early finds here what to say."""

    log: str
    """The log of the organization, once the caller is known."""
    key: CommitmentKey
    snapshot: Snapshot | None = None
    """The state in which the caller was looked for; whatever is recorded of it is of this one."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self.id = urlsafe_b64encode(entropy(_ID_BYTES)).decode()
        self.operation = ""
        self.asked: Operation | None = None
        """What is asked for, once that is understood; not the call itself, whose body would be kept
        for as long as the ledger may still answer."""
        self.model = ""
        self.streamed = False
        self.principal: Principal | None = None
        self.way: Way | None = None
        """By which it went, or was to go, last."""
        self.request = Looked()
        self.vault = Vault()
        """What was replaced in the request, to be put back in the reply."""
        self.trace: Trace | None = None
        self._clock = clock
        self._began_us = clock.monotonic_us()
        self._read_us = 0
        self.begin()

    def begin(self) -> None:
        """Begin an attempt: whatever is to be said of the one before was recorded."""
        self.receipt: Receipt | None = None
        """The receipt of the intent, once it is recorded."""
        self.is_concluded = False
        """Whether an outcome was handed to the book, so that there will not be two."""
        self.ending = "complete"
        self.refusal = ""
        """The code of the error that the agent is told instead of an answer, or at its end."""
        self.policy = ""
        """The digest of the policy that decided."""
        self.status = 0
        self.usage = Usage()
        self.chunks = 0
        self.reply = Looked()
        self.guarded: Guarded | None = None
        """What looks at the reply, if it comes as a stream."""
        self.holding = Holding()
        """What is set aside for it."""
        self.stream: Stream | None = None
        """The follower of the reply, if it comes as a stream."""
        self._refused_as = ""
        self._received: Commitment | Committer | None = None
        self._delivered: Commitment | Committer | None = None
        self._sent_us = self._first_us = self._concluded_us = 0

    @property
    def reference(self) -> str:
        """What names the entry that stands for the call; empty while there is none."""
        return self.receipt.reference if self.receipt else self._refused_as

    @property
    def is_sent(self) -> bool:
        """Whether anything may have left."""
        return self._sent_us > 0

    @property
    def times(self) -> Times:
        """When it went through, as far as it came."""
        return Times(
            self._began_us, self._read_us, self._sent_us, self._first_us, self._concluded_us
        )

    def came_in(self, call: Call) -> None:
        """The call is in and understood: what its agent took to send it is no time of ours."""
        self.asked, self.model, self.streamed = call.operation, call.model, call.streamed
        self._read_us = self._clock.monotonic_us()

    def intended(self, way: Way, asked: Call, principal: Principal) -> CallIntended:
        """The entry that has to be durable before the call leaves by this way."""
        agent, call = principal.agent, way.call
        self.way, permit = way, way.permit
        self.policy = permit.policy.digest
        return CallIntended(
            call=self.id,
            agent=agent.id,
            owner=agent.owner_id,
            key=principal.key.id,
            workspace=agent.workspace_id,
            operation=call.operation.name,
            provider=permit.provider.id,
            model=call.model,
            attempt=way.number,
            asked_operation=asked.operation.name if way.number else "",
            asked_model=asked.model if way.number else "",
            streamed=call.streamed,
            policy=self.policy,
            rule=permit.rule,
            inspected_by=list(self.request.inspection.inspected_by),
            inspected=self.request.inspection.size,
            found=self.request.treated.found,
            request=commit(self.key, self.id, "request", call.body),
            limits=self.holding.limits,
            reserved_tokens=self.holding.most.tokens if self.holding.most else 0,
            reserved_micros=self.holding.most.money if self.holding.most else 0,
        )

    def sent(self) -> None:
        """The call leaves now."""
        self._sent_us = self._clock.monotonic_us()

    def answered(self, status: int) -> None:
        """The head of the reply came."""
        self._first_us = self._clock.monotonic_us()
        self.status = status

    def took(self, received: bytes, delivered: bytes) -> None:
        """The reply came whole; the agent is to have this of it."""
        self._received = commit(self.key, self.id, "reply", received)
        if delivered is not received:
            self._delivered = commit(self.key, self.id, "reply", delivered)

    def follow(self) -> tuple[Committer, Committer]:
        """The reply comes in parts: committers to what comes and to what the agent is given."""
        self._received = received = Committer(self.key, self.id, "reply")
        self._delivered = delivered = Committer(self.key, self.id, "reply")
        return received, delivered

    def turned_away(self, code: str, reference: str) -> None:
        """The agent is told an error, and which entry stands for the call."""
        self.refusal = code
        self._refused_as = reference

    def replaced(self, given: bytes) -> None:
        """An error of ours takes the place of the reply, or of what is still to come of it."""
        if isinstance(self._delivered, Committer):
            self._delivered.update(given)
        else:
            self._delivered = commit(self.key, self.id, "reply", given)

    def withheld(self) -> None:
        """Nothing of what came of the reply is given."""
        if self._received is not None:
            self.replaced(b"")

    def conclude(self, receipt: Receipt, ending: str = "") -> CallConcluded:
        """How the call ended; asked for once."""
        self.is_concluded = True
        self.ending = ending or self.ending
        self._concluded_us = now_us = self._clock.monotonic_us()
        if self.guarded is not None:
            self.reply = self.guarded.looked()
        received, delivered = _commitment(self._received), _commitment(self._delivered)
        text_bytes = self.stream.text_bytes if self.stream else 0
        charge = self.holding.settle(
            Came(self.ending, self.status, self.usage, self.chunks, text_bytes)
        )
        return CallConcluded(
            call=self.id,
            intent=receipt.sq,
            agent=self.principal.agent.id if self.principal else "",
            ending=self.ending,
            status=self.status,
            received=received,
            delivered=delivered if delivered != received else None,
            inspected_by=list(self.reply.inspection.inspected_by),
            inspected=self.reply.inspection.size,
            found=self.reply.treated.found,
            tokens_in=self.usage.tokens_in,
            tokens_out=self.usage.tokens_out,
            charged_tokens=charge.tokens,
            charged_micros=charge.money,
            charged_by=charge.basis,
            chunks=self.chunks,
            first_byte_ms=(self._first_us - self._sent_us) // 1000 if self._first_us else 0,
            total_ms=(now_us - self._sent_us) // 1000 if self._sent_us else 0,
        )


def refused(
    principal: Principal, operation: str, error: GatebookError, policy: str, request: Looked
) -> CallRefused:
    """The entry of a call that was turned away."""
    return CallRefused(
        agent=principal.agent.id,
        owner=principal.agent.owner_id,
        key=principal.key.id,
        operation=operation,
        code=error.code,
        policy=policy,
        rule=error.rule,
        found=request.treated.found,
    )


def not_sent(call: str, agent: str, receipt: Receipt) -> CallConcluded:
    """The conclusion of a call whose intent became durable after we had given up waiting."""
    return CallConcluded(
        call=call, intent=receipt.sq, agent=agent, ending="not_sent", inspected_by=[]
    )


def _commitment(of: Commitment | Committer | None) -> Commitment | None:
    return of.commitment() if isinstance(of, Committer) else of
