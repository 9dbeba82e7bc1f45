"""Whatever fails and whenever: no entry is lost, doubled or torn, and every receipt is true."""

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Unavailable
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.ports import Position
from gatebook.ledger.settings import LedgerSettings
from tests.books import check_book
from tests.recorder import EVENT, Recorder
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import SetClock
from tests.simulators.stores import Fault, FaultyStore, MemoryStore

LOGS = ["log.example/acme", "log.example/umbrella", "log.example/platform"]
HOUR = 3600

logs = st.sampled_from(LOGS)
faults = st.lists(st.none() | st.sampled_from(Fault), max_size=4)


class Writers(RuleBasedStateMachine):
    """Writers that follow one another on a store that fails, under a clock that jumps."""

    @initialize()
    def begin(self) -> None:
        """The first process starts."""
        self.memory = MemoryStore()
        self.clock = SetClock()
        self.certifier = LocalCertifier(self.clock)
        self.receipts: list[Receipt] = []
        self.start()

    def start(self) -> None:
        """A process starts."""
        self.store = FaultyStore(self.memory)
        self.recorder = Recorder(
            self.store,
            clock=self.clock,
            certifier=self.certifier,
            settings=LedgerSettings(batch_limit=7, heartbeat_seconds=600),
        ).start()

    @rule(
        chosen=st.lists(logs, min_size=1, max_size=20),
        works=st.sets(st.integers(0, 19)),
        planned=faults,
        reopen=st.integers(0, 2),
        head=st.integers(0, 2),
    )
    def record(
        self,
        chosen: list[str],
        works: set[int],
        planned: list[Fault | None],
        reopen: int,
        head: int,
    ) -> None:
        """Events and work for several logs at once, while transactions fail here or there."""
        self.store.faults = planned
        self.store.reopen_failures = reopen
        self.store.head_failures = head

        def work(_tx: None, _at: Position) -> Event:
            return EVENT

        tickets = [
            self.recorder.submit(work if number in works else EVENT, log)
            for number, log in enumerate(chosen)
        ]
        for log, outcome in zip(chosen, self.recorder.wait(tickets), strict=True):
            if isinstance(outcome, Receipt):
                assert outcome.log == log
                self.receipts.append(outcome)
            else:
                assert isinstance(outcome, Unavailable)

    @rule(seconds=st.sampled_from([1, 600, HOUR, 12 * HOUR, 24 * HOUR]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(hours=st.integers(1, 30))
    def set_back(self, hours: int) -> None:
        """Somebody sets the clock back."""
        self.clock.set_time_of_day(self.clock.now_us() - hours * HOUR * SECOND_US)

    @rule(is_up=st.booleans())
    def notary(self, is_up: bool) -> None:
        """The notary goes down or comes up."""
        self.certifier.is_up = is_up

    @rule()
    def restart(self) -> None:
        """The process ends in order, and the next one starts."""
        self.recorder.close()
        self.start()

    @invariant()
    def every_receipt_is_true(self) -> None:
        """Streams obey the rules; a receipt's leaf is where it says; none was given twice."""
        book = check_book(
            (*self.memory.streams[no - 1][:2], sq, leaf)
            for (no, sq), leaf in sorted(self.memory.entries.items())
        )
        for receipt in self.receipts:
            assert book[receipt.sid][receipt.sq].hash == receipt.leaf
        assert len({(each.sid, each.sq) for each in self.receipts}) == len(self.receipts)
        assert set(self.recorder.answered.values()) <= {1}

    def teardown(self) -> None:
        """The last process ends; everything still holds."""
        self.recorder.close()
        self.every_receipt_is_true()


TestWriters = Writers.TestCase
TestWriters.settings = settings(max_examples=80, stateful_step_count=20)
