"""kill -9 of integrator and notary at every step: no index is used twice, no head is taken back.

After a restart the log verifies, and it continues every checkpoint that anybody ever saw.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from gatebook.app.config import Config
from gatebook.app.export import export_log
from gatebook.app.init import create
from gatebook.app.keyring import load_keyring
from gatebook.app.notary_client import NotaryClient, open_notary
from gatebook.cli.verify import ExportedFolder
from gatebook.core.clock import SystemClock
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.note import NoteSigner
from gatebook.ledger.question import Question
from gatebook.ledger.report import Outcome, Report, Verdict
from gatebook.ledger.trust import Trust
from gatebook.ledger.verify import verify
from gatebook.storage.book import SqlStore
from gatebook.storage.database import open_database
from tests.fault.serving_process import config
from tests.installations import PREFIX, Installation, size_of
from tests.recorder import LOG, Recorder
from tests.simulators.questions import SCHEMAS


def run_crashing_integrator(installation: Installation, url: str) -> int:
    """Every round of it; how many there were."""
    key = bytes(31) + b"\7"
    arguments = [str(installation.data), url, installation.server.url, key.hex()]
    command = [sys.executable, "-m", "tests.fault.crashing_integrator", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return int(ended.stdout)


def test_an_integrator_killed_at_any_step_goes_on_where_it_was(
    installation: Installation, database_url: str
) -> None:
    rounds = run_crashing_integrator(installation, database_url)
    assert rounds > 20  # numbered, four files, signed, shown: a step before and after each
    report = installation.verify()
    assert report.exit_code == 0
    assert report.size == rounds * 92
    assert {stream.verdict for stream in report.streams} == {Verdict.COMPLETE}
    assert list((installation.root / LOG).glob(".new*")) == []


@contextmanager
def crashing_notary(installation: Installation, steps: int) -> Iterator[NotaryClient]:
    """The installation's notary, in a process that is killed at that step."""
    folder, log = installation.data / "notary", installation.root
    command = [sys.executable, "-m", "tests.fault.crashing_notary", str(folder), str(log)]
    with subprocess.Popen([*command, str(steps)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        signer = NoteSigner(f"{PREFIX}/installation", installation.key)
        yield NotaryClient(address, signer, installation.notary._pin)
        process.kill()


def test_a_notary_killed_at_any_step_never_takes_a_head_back(
    installation: Installation,
) -> None:
    installation.record(1)
    installation.publisher().publish()
    seen = [installation.checkpoint()]
    own = installation.notary
    crashes = 0
    for steps in range(1, 7):
        installation.record(30)
        with crashing_notary(installation, steps) as notary:
            installation.notary = notary
            try:
                installation.publisher().publish()
            except Unavailable:
                crashes += 1
            seen.append(installation.checkpoint())
        installation.notary = own
        installation.publisher().publish()
        seen.append(installation.checkpoint())
    assert crashes == 5  # the sixth step would come after its answer
    assert [size_of(note) for note in seen] == sorted(size_of(note) for note in seen)
    report = installation.verify(seen=seen)
    assert report.exit_code == 0
    assert report.steps[6].outcome == Outcome.PASSED
    assert report.size == 3 + 6 * 32


class Processes:
    """Notary and integrator as they are run, to be killed and started again."""

    def __init__(self, data: Path, url: str, address: str) -> None:
        self._arguments = [str(data), url, address]
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        """Start one, and wait until it is ready."""
        command = [sys.executable, "-m", "tests.fault.serving_process", name, *self._arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline()
        self._running[name] = process

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def stop(self, name: str) -> int:
        """Tell one to stop; its exit code."""
        process = self._running.pop(name)
        process.terminate()
        process.communicate(timeout=30)
        return process.returncode


@pytest.mark.parametrize("rounds", [3, pytest.param(30, marks=pytest.mark.long)])
def test_processes_killed_at_random_lose_nothing_that_was_acknowledged(
    database_url: str, tmp_path: Path, rounds: int
) -> None:
    random = Random(rounds)
    with tempfile.TemporaryDirectory(prefix="gatebook-") as short:
        settings = config(tmp_path / "data", database_url, f"unix:{short}/socket")
        create(settings, system_entropy)
        processes = Processes(tmp_path / "data", database_url, settings.notary.address)
        processes.start("notary")
        processes.start("integrator")
        clock = SystemClock()
        notary = open_notary(settings, load_keyring(settings, system_entropy).installation)
        references: list[str] = []
        for _ in range(rounds):
            recorder = Recorder(
                SqlStore(open_database(database_url), clock), clock=clock, certifier=notary
            ).start()
            for _ in range(random.randrange(1, 12)):
                tickets = [recorder.submit() for _ in range(random.randrange(1, 300))]
                outcomes = recorder.wait(tickets)
                assert all(isinstance(outcome, Receipt) for outcome in outcomes)
                references += [each.reference for each in outcomes if isinstance(each, Receipt)]
            victim = random.choice(["notary", "integrator"])
            processes.kill(victim)
            processes.start(victim)
            recorder.close()
        assert processes.stop("integrator") == 0
        assert processes.stop("notary") == 0
        report = verify_export(settings, tmp_path / "export", references)
    assert report.exit_code == 0
    assert report.size == len(references) + 2 * rounds
    assert {stream.verdict for stream in report.streams} == {Verdict.COMPLETE}


def verify_export(settings: Config, target: Path, references: list[str]) -> Report:
    """What an auditor says who holds the receipts."""
    export_log(settings, LOG.rpartition("/")[2], target)
    return verify(
        Question(
            files=ExportedFolder(target),
            trust=Trust.parse((target / "policy.txt").read_bytes()),
            is_pinned=True,
            schemas=SCHEMAS,
            is_full=True,
            receipts=dict.fromkeys(references),
        )
    )
