"""The parts of the gate, put together once by the process that serves it."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from gatebook.core.clock import Clock
from gatebook.core.ids import Entropy
from gatebook.formats import Call
from gatebook.gateway.allowance import Allowance
from gatebook.gateway.bodies import Bodies
from gatebook.gateway.book import Book
from gatebook.gateway.breaker import Breakers
from gatebook.gateway.front import Front
from gatebook.gateway.guarding import Guard
from gatebook.gateway.probes import Probes
from gatebook.gateway.reading import Routes
from gatebook.gateway.refusals import Refusals
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.gateway.stopping import Stopping
from gatebook.gateway.telemetry import Telemetry
from gatebook.gateway.unsigned import Unsigned
from gatebook.gateway.upstream import Upstream
from gatebook.gateway.ways import Ways
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Target
from gatebook.providers import Dialect
from gatebook.web.tasks import Tasks


class Gate(NamedTuple):
    """What a call needs on its way through."""

    allowance: Allowance
    bodies: Bodies
    routes: Routes
    snapshots: Snapshots
    book: Book
    refusals: Refusals
    guard: Guard
    stopping: Stopping
    unsigned: Unsigned
    dialects: Mapping[str, Dialect]
    upstream: Upstream
    breakers: Breakers
    probes: Probes
    tasks: Tasks
    telemetry: Telemetry
    front: Front
    counts: Counter[str]
    """Counted apart from the ledger, and told by its heartbeats."""
    settings: GatewaySettings
    clock: Clock
    entropy: Entropy

    def ways(
        self, snapshot: Snapshot, call: Call, at: Circumstances, permit: Permit, target: Target
    ) -> Ways:
        """The ways that a permitted call may go; `target` is what it is about on all of them."""
        return Ways(
            breakers=self.breakers,
            probes=self.probes,
            dialects=self.dialects,
            snapshot=snapshot,
            call=call,
            at=at,
            permit=permit,
            stopping=self.stopping,
            target=target,
        )
