"""One pass over a published log: what is read, compared, missed and left over."""

import pytest

from gatebook.ledger.entry import Entry
from gatebook.ledger.merkle import leaf_hash, root
from gatebook.ledger.streams import Streams
from gatebook.ledger.tiles import files as expected_files
from gatebook.ledger.walk import Changed, Walk, stored_root
from tests.simulators.log import HandLog, MemoryFiles


def a_log(count: int) -> HandLog:
    """A log of that many entries."""
    log = HandLog()
    stream = log.open()
    for number in range(count - 1):
        stream.beat(number)
    return log


@pytest.fixture(scope="module")
def log() -> HandLog:
    """A log of two full bundles and a partial one."""
    return a_log(700)


def walk(files: MemoryFiles, log: HandLog, size: int = 0, marks: tuple[int, ...] = ()) -> Walk:
    """Walk a log, whole by default."""
    walked = Walk(files, size or len(log.leaves), Streams(log.origin, log.vkeys))
    walked.run(marks)
    return walked


def root_of(log: HandLog, size: int) -> bytes:
    """The root over the first entries."""
    return root(map(leaf_hash, log.leaves[:size]))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 513, 700])
def test_the_root_is_that_of_the_entries_at_every_size(log: HandLog, size: int) -> None:
    walked = walk(log.files(size), log, size)
    assert walked.root == root_of(log, size)
    assert walked.entries == size
    assert walked.tiles.count == walked.bundles.count == len(walked.missing) == 0


def test_an_empty_log_has_the_empty_root(log: HandLog) -> None:
    walked = Walk(MemoryFiles(), 0, Streams(log.origin, log.vkeys))
    walked.run()
    assert walked.root == root([])


@pytest.mark.parametrize("marks", [(1,), (255, 256, 257), (256,), (512, 600, 699), (300, 301)])
def test_roots_are_taken_at_every_mark_on_the_way(log: HandLog, marks: tuple[int, ...]) -> None:
    walked = walk(log.files(), log, marks=marks)
    assert {mark: walked.roots[mark] for mark in marks} == {
        mark: root_of(log, mark) for mark in marks
    }
    assert walked.root == root_of(log, 700)


def test_every_entry_is_shown_to_whoever_inspects(log: HandLog) -> None:
    seen: list[tuple[int, int]] = []

    def look(index: int, leaf: bytes, entry: Entry) -> None:
        assert leaf == log.leaves[index]
        seen.append((index, entry.sq))

    Walk(log.files(), 700, Streams(log.origin, log.vkeys), look).run()
    assert seen == [(number, number) for number in range(700)]


def test_only_the_edge_of_the_tree_is_kept_in_memory(log: HandLog) -> None:
    walked = walk(log.files(), log)
    assert sum(len(data) for _, data in walked._edge.values()) < 2 * 256 * 32


def test_every_file_is_read_once() -> None:
    read: list[str] = []

    class Counted(MemoryFiles):
        def read(self, path: str) -> bytes | None:
            read.append(path)
            return super().read(path)

    log = a_log(700)
    walk(Counted(log.files()), log)
    assert sorted(read) == sorted(expected_files(700))


def test_a_changed_tile_is_named_and_so_are_its_hashes(log: HandLog) -> None:
    files = log.files()
    tile = files["tile/0/001"]
    files["tile/0/001"] = tile[:64] + bytes(32) + tile[96:]
    walked = walk(files, log)
    assert [problem.code for problem in walked.tiles.listed] == ["tile_changed"]
    assert walked.changed == [Changed(258, leaf_hash(log.leaves[258]), bytes(32))]
    assert walked.root == root_of(log, 700)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2"])
@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x", None])
def test_a_tile_has_exactly_its_bytes(log: HandLog, path: str, change: object) -> None:
    files = log.files()
    if callable(change):
        files[path] = change(files[path])
    else:
        del files[path]
    code = "tile_changed" if callable(change) else "tile_missing"
    assert [problem.code for problem in walk(files, log).tiles.listed] == [code]


def test_a_missing_bundle_is_a_range_of_missing_entries(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/001"]
    walked = walk(files, log)
    assert walked.missing == [(256, 512)]
    assert walked.entries == 256
    assert not walked.is_whole
    assert walked.root == root_of(log, 700)


def test_neighbouring_ranges_are_one(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/001"], files["tile/entries/002.p/188"]
    assert walk(files, log).missing == [(256, 700)]


def test_a_bundle_that_ends_early_misses_its_last_entries(log: HandLog) -> None:
    files = log.files()
    files["tile/entries/002.p/188"] = log.files(690)["tile/entries/002.p/178"]
    walked = walk(files, log)
    assert walked.missing == [(690, 700)]
    assert walked.entries == 690


def test_without_entries_and_hashes_there_is_no_root(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/001"], files["tile/0/001"]
    assert walk(files, log).root is None


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0\1x"])
def test_a_bundle_holds_whole_entries_and_as_many_as_its_name_says(
    log: HandLog, change: object
) -> None:
    files = log.files()
    assert callable(change)
    files["tile/entries/002.p/188"] = change(files["tile/entries/002.p/188"])
    walked = walk(files, log)
    assert [problem.code for problem in walked.bundles.listed] == ["bundle_malformed"]
    assert walked.bundles.listed[0].index == 512


def test_full_files_serve_where_partial_ones_are_gone_and_their_rest_is_left_over(
    log: HandLog,
) -> None:
    """A log that goes on growing while it is read (tlog-tiles, "Partial Tiles")."""
    files = log.files(512)
    walked = walk(files, log, 300)
    assert walked.root == root_of(log, 300)
    rest = {each.path: (each.start, each.end) for each in walked.surplus}
    used = sum(2 + len(leaf) for leaf in log.leaves[256:300])
    assert rest["tile/entries/001"] == (used, len(files["tile/entries/001"]))
    assert rest["tile/0/001"] == (44 * 32, 256 * 32)


def test_stored_tiles_lead_to_a_root_of_their_own(log: HandLog) -> None:
    files = log.files()
    assert stored_root(files, 700) == root_of(log, 700)
    files["tile/0/000"] = bytes(8192)
    assert stored_root(files, 700) != root_of(log, 700)
    del files["tile/0/000"]
    assert stored_root(files, 700) is None


@pytest.mark.parametrize("size", [2**62, 2**63 - 1])
def test_a_size_that_nobody_could_fill_is_one_missing_range(log: HandLog, size: int) -> None:
    files = log.files()
    walked = walk(files, log, size)
    assert walked.missing == [(512, size)]
    assert (walked.entries, walked.is_whole, walked.root) == (512, False, None)
    far = "tile/entries/x009/x999/x999/x999/999"
    files[far] = files["tile/entries/001"]
    start = 9_999_999_999_999 * 256
    assert walk(files, log, size).missing == [(512, start), (start + 256, size)]


@pytest.mark.parametrize("path", ["tile/0/001", "tile/0/002.p/188"])
def test_behind_a_hole_the_tiles_of_the_entries_are_still_compared(log: HandLog, path: str) -> None:
    files = log.files()
    del files["tile/entries/000"], files["tile/0/000"]
    assert walk(files, log).tiles.count == 0
    files[path] = bytes(32) + files[path][32:]
    walked = walk(files, log)
    assert [problem.code for problem in walked.tiles.listed] == ["tile_changed"]
    index = 256 if path == "tile/0/001" else 512
    assert walked.changed == [Changed(index, leaf_hash(log.leaves[index]), bytes(32))]
