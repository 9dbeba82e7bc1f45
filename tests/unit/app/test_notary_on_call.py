"""A command uses the notary that runs, or starts one for itself."""

from typing import Any

import pytest

from gatebook.app.child import Child
from gatebook.app.notary_on_call import NotaryOnCall
from gatebook.core.errors import Tampered, Unavailable
from gatebook.ledger.note import VerifierKey

KEY = VerifierKey.ed25519("s1", bytes(range(32)))


class Notary:
    """Answers once it is up."""

    def __init__(self) -> None:
        self.is_up = False
        self.error: Exception | None = None

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        if self.error is not None:
            raise self.error
        if not self.is_up:
            raise Unavailable("notary_unavailable", "The notary does not answer.")
        return f"{origin} {key.name}", 7


class Process(Child):
    """Stands for a notary's process: brings one up, or fails to."""

    def __init__(self, notary: Notary, *, comes_up: bool = True) -> None:
        self._notary = notary
        self._comes_up = comes_up
        self.stopped = 0

    def wait_ready(self, seconds: float) -> str:
        assert seconds > 0
        if not self._comes_up:
            raise Unavailable("notary_failed", "It did not start.")
        self._notary.is_up = True
        return "unix:/socket"

    def stop(self, seconds: float) -> int:
        assert seconds > 0
        self.stopped += 1
        return 0


def certify(notary: Notary, *processes: Process) -> Any:
    waiting = list(processes)
    with NotaryOnCall(notary, lambda: waiting.pop(0)) as on_call:
        return on_call.certify("log.example/acme", KEY)


def test_a_notary_that_runs_is_used() -> None:
    notary = Notary()
    notary.is_up = True
    assert certify(notary) == ("log.example/acme s1", 7)


def test_none_runs_so_one_is_started_and_stopped_at_the_end() -> None:
    notary = Notary()
    process = Process(notary)
    assert certify(notary, process) == ("log.example/acme s1", 7)
    assert process.stopped == 1


def test_one_that_cannot_start_because_another_just_did_is_no_failure() -> None:
    notary = Notary()
    assert certify(notary, Process(notary, comes_up=False), Process(notary))


def test_where_the_notary_is_somebody_else_s_none_is_started() -> None:
    with pytest.raises(Unavailable), NotaryOnCall(Notary(), None) as on_call:
        on_call.certify("log.example/acme", KEY)


@pytest.mark.parametrize(
    "error", [Tampered("notary_keys", "Other keys."), Unavailable("notary_memory", "No disk.")]
)
def test_what_a_running_notary_says_is_not_answered_with_a_second_one(error: Exception) -> None:
    notary = Notary()
    notary.error = error
    with pytest.raises(type(error)):
        certify(notary)
