"""Whoever changes database, folder or notary behind our back is named before we build on it."""

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select, update

from gatebook.app.rollback import RollbackGuard
from gatebook.core.errors import Tampered
from gatebook.ledger.events.stream import GapDeclared
from gatebook.ledger.report import Verdict
from gatebook.storage.folder import published_logs
from gatebook.storage.tables import entries, runs, streams, trees
from tests.installations import PREFIX, Installation, size_of
from tests.recorder import LOG


def guard_of(installation: Installation) -> RollbackGuard:
    return RollbackGuard(installation.notary, installation.sequencer, installation.root)


def restore_older_database(installation: Installation, size: int) -> None:
    """Leave in the database what was there when the log had that size."""
    with installation.database.writing() as connection:
        connection.execute(delete(entries).where(entries.c.sq >= size))
        connection.execute(delete(runs))
        connection.execute(
            runs.insert().values(log=LOG, start=0, stream_no=1, first_sq=0, count=size)
        )
        connection.execute(update(trees).values(size=size, published_size=size))


def test_an_older_database_is_named_and_nothing_is_written(installation: Installation) -> None:
    installation.record(20)
    installation.publisher().publish()
    before = installation.checkpoint()
    restore_older_database(installation, 10)
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "database_rolled_back"
    with pytest.raises(Tampered, match="behind the notary"):
        guard_of(installation).check_all()
    assert "behind the notary: 22 entries" in caught.value.detail
    assert installation.checkpoint() == before


def test_a_database_that_knows_nothing_of_a_published_log_is_named(
    installation: Installation,
) -> None:
    """As one restored from before its organization was created."""
    installation.record(2)
    installation.publisher().publish()
    with installation.database.writing() as connection:
        for table in (entries, runs, trees, streams):
            connection.execute(delete(table))
    logs = published_logs(installation.root, PREFIX)
    assert logs == [LOG]
    guard_of(installation).check_all()
    with pytest.raises(Tampered, match="it has 0"):
        guard_of(installation).check_all(logs)


def test_an_older_database_that_has_grown_again_is_named_too(installation: Installation) -> None:
    """Its entries differ from those that have the same indices in the signed tree."""
    installation.record(20)
    installation.publisher().publish()
    restore_older_database(installation, 10)
    installation.record(40)
    with installation.database.writing() as connection:
        connection.execute(
            runs.insert().values(log=LOG, start=10, stream_no=2, first_sq=0, count=42)
        )
        connection.execute(update(trees).values(size=52))
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "past_differs"
    guard = guard_of(installation)
    with pytest.raises(Tampered, match="restored or edited") as caught:
        guard.check_all()
    assert caught.value.code == "past_differs"


def test_a_size_that_was_edited_in_an_older_database_deceives_nobody(
    installation: Installation,
) -> None:
    installation.record(20)
    installation.publisher().publish()
    guard = guard_of(installation)
    guard.check_all()
    restore_older_database(installation, 10)
    with installation.database.writing() as connection:
        connection.execute(update(trees).values(size=22))
    with pytest.raises(Tampered) as caught:
        guard.check_all()
    assert caught.value.code == "entries_gone"


def test_an_older_notary_is_named(installation: Installation) -> None:
    installation.record(5)
    installation.publisher().publish()
    (head,) = (installation.data / "notary" / "heads").iterdir()
    older = head.read_bytes()
    installation.record(5)
    installation.publisher().publish()
    head.write_bytes(older)
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "notary_rolled_back"


def test_a_notary_that_lost_its_memory_is_named(installation: Installation) -> None:
    installation.record(5)
    installation.publisher().publish()
    (head,) = (installation.data / "notary" / "heads").iterdir()
    head.unlink()
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "notary_rolled_back"


def test_a_damaged_checkpoint_is_named_and_once_moved_away_the_log_goes_on(
    installation: Installation,
) -> None:
    installation.record(5)
    installation.publisher().publish()
    shown = installation.root / LOG / "checkpoint"
    shown.write_bytes(shown.read_bytes()[:-9])
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "checkpoint_damaged"
    assert str(shown) in caught.value.detail
    shown.unlink()
    installation.publisher().publish()
    assert installation.verify().exit_code == 0


def test_a_changed_tile_is_named_before_anything_is_built_on_it(installation: Installation) -> None:
    installation.record(5)
    installation.publisher().publish()
    (tile,) = (installation.root / LOG / "tile" / "0" / "000.p").iterdir()
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "past_differs"


def test_a_published_bundle_is_never_replaced_by_another(installation: Installation) -> None:
    installation.record(5)
    installation.publisher().publish()
    with installation.database.writing() as connection:
        connection.execute(update(trees).values(published_size=0))
    for path in (installation.root / LOG / "tile" / "0").rglob("*"):
        if path.is_file():
            path.unlink()
    (bundle,) = (installation.root / LOG / "tile" / "entries" / "000.p").iterdir()
    bundle.write_bytes(bundle.read_bytes()[::-1])
    with pytest.raises(Tampered) as caught:
        installation.publisher().publish()
    assert caught.value.code == "published_differs"


def change_leaf(installation: Installation, sq: int, old: bytes, new: bytes) -> None:
    """Change an entry of the first stream in the database."""
    with installation.database.writing() as connection:
        where = (entries.c.stream_no == 1, entries.c.sq == sq)
        leaf = bytes(connection.execute(select(entries.c.leaf).where(*where)).scalar_one())
        assert old in leaf
        connection.execute(update(entries).where(*where).values(leaf=leaf.replace(old, new)))


def test_an_entry_changed_before_it_had_an_index_is_held_back_and_named(
    installation: Installation,
) -> None:
    installation.record(5)
    change_leaf(installation, 3, b'"model":"gpt-4o-mini"', b'"model":"gpt-4o-MAXI"')
    other = installation.record(2, role="cli")[0].partition(".")[0]
    publisher = installation.publisher()
    publisher.publish()
    (problem,) = publisher.held.values()
    assert problem.code == "entry_signature"
    assert size_of(installation.checkpoint()) == 3 + 4
    report = installation.verify()
    assert report.exit_code == 0
    assert {each.sid: each.verdict for each in report.streams}[other] == Verdict.COMPLETE


def test_an_entry_nested_too_deep_to_be_read_holds_back_its_stream_and_no_other(
    installation: Installation,
) -> None:
    sid = installation.record(5)[0].partition(".")[0]
    change_leaf(installation, 3, b'"d":', b'"d":' + b"[" * 1500 + b"]" * 1500 + b',"e":')
    other = installation.record(2, role="cli")[0].partition(".")[0]
    publisher = installation.publisher()
    publisher.publish()
    assert set(publisher.held) == {sid}
    assert publisher.held[sid].code == "entry_malformed"
    verdicts = {each.sid: each.verdict for each in installation.verify().streams}
    assert verdicts[other] == Verdict.COMPLETE


def test_a_hole_holds_its_stream_back_until_it_is_declared(installation: Installation) -> None:
    sid = installation.record(5)[0].partition(".")[0]
    with installation.database.writing() as connection:
        connection.execute(delete(entries).where(entries.c.stream_no == 1, entries.c.sq == 3))
    publisher = installation.publisher()
    publisher.publish()
    assert publisher.held[sid].code == "entries_missing"
    declare(installation, sid, 3)
    publisher.publish()
    publisher.publish()
    assert publisher.held == {}
    report = installation.verify()
    assert report.exit_code == 0
    assert report.streams[0].verdict == Verdict.DECLARED_GAP


def declare(installation: Installation, sid: str, sq: int) -> None:
    """Declare an entry lost, as `gatebook log declare-gap` does."""
    operator = installation.recorder("cli")
    operator.receipts(replace(GapDeclared.example(), sid=sid, first=sq, last=sq))
    operator.close()


def test_a_declared_hole_is_known_after_a_restart(installation: Installation) -> None:
    sid = installation.record(5)[0].partition(".")[0]
    with installation.database.writing() as connection:
        connection.execute(delete(entries).where(entries.c.stream_no == 1, entries.c.sq == 3))
    declare(installation, sid, 3)
    installation.publisher().publish()
    publisher = installation.publisher()
    publisher.publish()
    assert publisher.held == {}
    assert installation.verify().streams[0].verdict == Verdict.DECLARED_GAP


def test_an_entry_that_was_changed_after_it_was_signed_is_named(installation: Installation) -> None:
    installation.record(300)
    installation.publisher().publish()
    change_leaf(installation, 301, b'"reason":"shutdown"', b'"reason":"downshut"')
    with pytest.raises(Tampered) as caught:
        installation.publisher()
    assert caught.value.code == "past_differs"


def test_entries_with_an_index_that_are_gone_are_named(installation: Installation) -> None:
    installation.record(300)
    installation.publisher().publish()
    with installation.database.writing() as connection:
        connection.execute(delete(entries).where(entries.c.sq == 301))
    with pytest.raises(Tampered):
        installation.publisher()
