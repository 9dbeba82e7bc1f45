"""Whatever is submitted and in whatever order: the notary signs one growing tree and no other."""

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import GatebookError
from gatebook.ledger.checkpoint import Checkpoint, cosigned_at_seconds
from gatebook.ledger.merkle import leaf_hash, root
from gatebook.ledger.notary import Answer
from gatebook.ledger.note import Note, sign_note
from gatebook.ledger.trust import Log, Trust, format_policy
from gatebook.ledger.witness import AddCheckpoint
from tests.simulators.log import HandLog, HandStream
from tests.simulators.notaries import HandNotary

sizes = st.integers(0, 600)


class Notaries(RuleBasedStateMachine):
    """Honest and dishonest submissions, under a clock that jumps and a memory that fails."""

    @initialize()
    def begin(self) -> None:
        """A notary and a log that only grows."""
        self.desk = HandNotary()
        self.log = self.desk.hand_log()
        self.fork = self.desk.hand_log()
        self.stream = self.log.open()
        self.fork.open()
        self.signed: dict[int, bytes] = {}
        self.newest = (0, 0)
        self.trust = Trust.parse(
            format_policy([Log(key) for key in self.desk.notary.vkeys(self.log.origin)])
        )

    def size(self) -> int:
        """What the notary remembers."""
        head = self.desk.heads.load(self.log.origin)
        return 0 if head is None else head.size

    def submit(self, log: HandLog, old_size: int, size: int) -> None:
        """Submit, and note down what is signed."""
        size = min(size, len(log.leaves))
        try:
            answer = self.desk.submit(log, old_size, size)
        except GatebookError:
            return
        if answer.status == 200:
            self.take(log, answer, size)

    def take(self, log: HandLog, answer: Answer, size: int) -> None:
        """A signed head: its root is the log's, no size has two, and neither size nor time fall."""
        signed = self.trust.check(self.desk.note(log, answer, size))
        assert signed.checkpoint.root == root(map(leaf_hash, log.leaves[:size]))
        assert self.signed.setdefault(size, signed.checkpoint.root) == signed.checkpoint.root
        at = cosigned_at_seconds(signed.checked.signed_by[-1][1])
        assert (size, at) >= self.newest
        assert at >= self.newest[1]
        self.newest = (size, at)

    @rule(count=st.integers(1, 300))
    def grow(self, count: int) -> None:
        """The log grows."""
        for _ in range(count):
            self.stream.beat(self.stream.sq)

    @rule(size=sizes)
    def step(self, size: int) -> None:
        """An honest step."""
        self.submit(self.log, self.size(), self.size() + size)

    @rule(old_size=sizes, size=sizes)
    def stray(self, old_size: int, size: int) -> None:
        """A step from anywhere to anywhere."""
        self.submit(self.log, old_size, size)

    @rule(size=sizes)
    def fork_off(self, size: int) -> None:
        """Another history of the same log, properly chained and signed."""
        self.fork.leaves[1:] = []
        stream = HandStream(self.fork)
        stream.open()
        while len(self.fork.leaves) < size:
            stream.beat(stream.sq)
        self.submit(self.fork, self.size(), size)

    @rule(root_hash=st.binary(min_size=32, max_size=32))
    def lie(self, root_hash: bytes) -> None:
        """Another root for the size it is at."""
        claimed = Checkpoint(self.log.origin, self.size(), root_hash)
        note = sign_note(claimed.encode(), [self.desk.installation])
        answer = self.desk.notary.add_checkpoint(AddCheckpoint(self.size(), (), note).encode())
        assert answer.status == 409

    @rule(seconds=st.integers(-3, 3))
    def turn_clock(self, seconds: int) -> None:
        """The clock is set."""
        self.desk.clock.set_time_of_day(self.desk.clock.now_us() + seconds * SECOND_US)

    @rule(is_up=st.booleans())
    def turn_memory(self, is_up: bool) -> None:
        """The disk fills, or is freed."""
        self.desk.heads.is_up = is_up

    @invariant()
    def remembers_what_it_signed(self) -> None:
        """What it would say after a restart is the newest head anybody has of it."""
        if not self.signed:
            return
        note = self.desk.notary.checkpoint(self.log.origin)
        head = Checkpoint.parse(Note.parse(note).text)
        assert head.size == max(self.signed)
        assert head.root == self.signed[head.size]


TestNotaries = Notaries.TestCase
TestNotaries.settings = settings(max_examples=40, stateful_step_count=20)
