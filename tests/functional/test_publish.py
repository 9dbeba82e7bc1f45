"""From committed entries to a log that verifies, on both databases and over real sockets."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from gatebook.app import publish
from gatebook.app.integrator import Integrator
from gatebook.app.publish import BATCH
from gatebook.core.errors import Conflict, Tampered, Unavailable
from gatebook.ledger.report import Outcome, Verdict
from gatebook.storage.database import open_database
from gatebook.storage.tables import runs, streams
from tests.installations import PREFIX, Installation, open_installation, size_of
from tests.recorder import LOG


def test_what_was_recorded_is_published_and_verifies(installation: Installation) -> None:
    references = installation.record(600)
    installation.publisher().publish()
    report = installation.verify()
    assert (report.exit_code, report.size) == (0, 602)
    assert [stream.verdict for stream in report.streams] == [Verdict.COMPLETE]
    sid, _, sq = references[7].partition(".")
    assert installation.sequencer.locate(sid, int(sq)) == (LOG, int(sq))
    assert (
        installation.sequencer.leaves(LOG, 5, 9) == installation.sequencer.leaves(LOG, 0, 20)[5:9]
    )


def test_a_log_grows_step_by_step_and_every_older_checkpoint_is_continued(
    installation: Installation,
) -> None:
    publisher = installation.publisher()
    seen = []
    for count in (1, 3, 250, 2, 500):
        installation.record(count)
        publisher.publish()
        seen.append(installation.checkpoint())
    report = installation.verify(seen=seen)
    assert report.exit_code == 0
    assert report.steps[6].outcome == Outcome.PASSED
    assert report.size == size_of(seen[-1]) == 756 + 5 * 2


def test_streams_of_several_writers_interleave(installation: Installation) -> None:
    publisher = installation.publisher()
    writers = [installation.recorder(role) for role in ("gateway", "cli", "gateway")]
    for round_ in range(3):
        for writer in writers:
            writer.record()
            if round_:
                publisher.publish()
    for writer in writers:
        writer.close()
    publisher.publish()
    report = installation.verify()
    assert report.exit_code == 0
    assert [stream.verdict for stream in report.streams] == [Verdict.COMPLETE] * 3


def test_an_idle_log_is_signed_again(installation: Installation) -> None:
    installation.record(1)
    publisher = installation.publisher()
    publisher.publish()
    before = installation.checkpoint()
    publisher.publish()
    assert size_of(installation.checkpoint()) == size_of(before)
    assert installation.verify(seen=[before]).exit_code == 0


def test_consecutive_entries_of_one_stream_are_one_run(installation: Installation) -> None:
    recorder = installation.recorder()
    publisher = installation.publisher()
    for _ in range(4):
        recorder.record()
        publisher.publish()
    recorder.close()
    with installation.database.reading() as connection:
        assert connection.execute(select(runs.c.start, runs.c.count)).all() == [(0, 5)]


def test_a_new_publisher_goes_on_where_the_last_one_ended(installation: Installation) -> None:
    recorder = installation.recorder()
    for _ in range(3):
        recorder.record()
        installation.publisher().publish()
    recorder.close()
    installation.publisher().publish()
    assert installation.verify().exit_code == 0


def test_a_lost_log_folder_is_written_again(installation: Installation) -> None:
    installation.record(300)
    installation.publisher().publish()
    before = {path: path.read_bytes() for path in installation.root.rglob("*") if path.is_file()}
    for path in before:
        path.unlink()
    installation.publisher().publish()
    assert before.keys() == {path for path in installation.root.rglob("*") if path.is_file()}
    assert all(
        path.read_bytes() == data for path, data in before.items() if path.name != "checkpoint"
    )
    assert installation.verify().exit_code == 0


def test_the_newest_entry_of_a_kind_is_found_however_far_back(installation: Installation) -> None:
    installation.record(2500)
    opening = installation.sequencer.newest(1, 2499, b'"ev":"stream.opened"')
    assert opening is not None
    assert (opening.sq, opening.leaf) == (0, installation.sequencer.opening(1))
    assert installation.sequencer.newest(1, 2499, b"no such thing") is None


@pytest.mark.parametrize("lost", ["tile/entries/001", "tile/0/000", "tile/0/002.p/88"])
def test_a_single_lost_file_is_written_again(installation: Installation, lost: str) -> None:
    installation.record(598)
    installation.publisher().publish()
    path = installation.root / LOG / lost
    before = path.read_bytes()
    path.unlink()
    installation.publisher().publish()
    assert path.read_bytes() == before
    assert installation.verify().exit_code == 0


def test_more_than_a_batch_is_published_in_one_go(installation: Installation) -> None:
    recorder = installation.recorder()
    for _ in range(BATCH // 2000 + 1):
        recorder.wait([recorder.submit() for _ in range(2000)])
    recorder.close()
    installation.publisher().publish()
    assert size_of(installation.checkpoint()) > BATCH
    assert installation.verify().exit_code == 0


def test_without_a_notary_nothing_is_shown_and_later_everything_is(
    installation: Installation,
) -> None:
    installation.record(3)
    publisher = installation.publisher()
    installation.server.stop()
    with pytest.raises(Unavailable):
        publisher.publish()
    assert not (installation.root / LOG / "checkpoint").exists()
    installation.start_notary()
    installation.publisher().publish()
    assert installation.verify().exit_code == 0


def test_what_was_numbered_under_a_larger_batch_is_signed_before_more_is_numbered(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative LIMIT is none to SQLite, and an error to PostgreSQL."""
    installation.record(100)
    publisher = installation.publisher()
    installation.server.stop()
    with pytest.raises(Unavailable):
        publisher.publish()
    monkeypatch.setattr(publish, "BATCH", 16)
    installation.start_notary()
    installation.record(100)
    installation.publisher().publish()
    report = installation.verify()
    assert (report.exit_code, report.size) == (0, 204)


def test_a_notary_with_other_keys_is_not_followed(
    installation: Installation, tmp_path: Path
) -> None:
    installation.record(1)
    installation.publisher().publish()
    installation.server.stop()
    (installation.data / "notary").rename(tmp_path / "old")
    with open_installation(installation.data, installation.database) as other:
        with pytest.raises(Tampered) as caught:
            other.publisher().publish()
        assert caught.value.code == "notary_rolled_back"
        assert other.record(1) == [""]  # no certificate, no stream, no receipt
    installation.start_notary()


def test_two_integrators_that_both_believe_they_lead_give_no_index_twice(
    installation: Installation,
) -> None:
    """The lock may be lost; the swap may not."""
    first, second = installation.publisher(), installation.publisher()
    installation.record(10)
    first.publish()
    installation.record(10)
    with pytest.raises((Conflict, Tampered)):
        second.publish()
    first.publish()
    assert installation.verify().exit_code == 0


def test_only_one_integrator_leads(installation: Installation, database_url: str) -> None:
    installation.record(3)
    other_database = open_database(database_url)
    stops = [threading.Event(), threading.Event()]
    integrators = [
        Integrator(
            database,
            installation.root,
            installation.notary,
            prefix=PREFIX,
            interval_seconds=0.02,
            clock=installation.clock,
        )
        for database in (installation.database, other_database)
    ]
    threads = [
        threading.Thread(target=each.run, args=(stop,))
        for each, stop in zip(integrators, stops, strict=True)
    ]
    for thread in threads:
        thread.start()
    installation.record(50)
    stops[0].set()
    threads[0].join(20)
    installation.record(50)
    wait_for_size(installation, 3 + 50 + 50 + 6)
    stops[1].set()
    threads[1].join(20)
    other_database.close()
    assert installation.verify().exit_code == 0
    with installation.database.reading() as connection:
        assert connection.execute(select(streams.c.no)).all()
        total = sum(connection.scalars(select(runs.c.count)))
    assert total == installation.sequencer.tree(LOG).size == 109


def wait_for_size(installation: Installation, size: int) -> None:
    """Until the published log has that size."""
    for _ in range(2000):
        path = installation.root / LOG / "checkpoint"
        if path.exists() and size_of(path.read_bytes()) >= size:
            return
        threading.Event().wait(0.01)
    pytest.fail("the log was not published")
