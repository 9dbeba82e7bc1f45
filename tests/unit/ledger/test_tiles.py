"""Tiles and bundles: names, widths, what growing writes, and what reading refuses."""

from typing import Any

import pytest

from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger import tiles
from gatebook.ledger.merkle import leaf_hash, root
from tests.vectors import load

VECTORS = load("ledger/tiles")


class Folder(dict[str, bytes]):
    """A log's files in memory."""

    def read(self, path: str) -> bytes | None:
        """The file at `path`."""
        return self.get(path)


def entry(number: int) -> bytes:
    """A distinct entry."""
    return b"entry %d" % number


def entries(start: int, end: int) -> list[bytes]:
    """Entries start to end."""
    return [entry(number) for number in range(start, end)]


@pytest.mark.parametrize("case", VECTORS["numbers"])
def test_published_path(case: dict[str, Any]) -> None:
    assert tiles.tile_path(0, case["index"]) == f"tile/0/{case['path']}"
    assert tiles.tile_path(3, case["index"], 5) == f"tile/3/{case['path']}.p/5"
    assert tiles.bundle_path(case["index"], 255) == f"tile/entries/{case['path']}.p/255"


@pytest.mark.parametrize("case", VECTORS["trees"], ids=lambda case: str(case["size"]))
def test_published_trees(case: dict[str, Any]) -> None:
    size = case["size"]
    expected = set()
    for level, row in enumerate(case["levels"]):
        assert tiles.partial_width(level, size) == row["partial"]
        expected |= {tiles.tile_path(level, index) for index in range(row["full"])}
        if row["partial"]:
            expected.add(tiles.tile_path(level, row["full"], row["partial"]))
    first = case["levels"][0]
    expected |= {tiles.bundle_path(index) for index in range(first["full"])}
    if first["partial"]:
        expected.add(tiles.bundle_path(first["full"], first["partial"]))
    assert set(tiles.files(size)) == expected


def test_small_numbers_have_one_element_and_1000_has_two() -> None:
    assert tiles.tile_path(0, 0) == "tile/0/000"
    assert tiles.tile_path(1, 273) == "tile/1/273"
    assert tiles.tile_path(0, 1000) == "tile/0/x001/000"


def test_there_are_no_tiles_of_other_widths() -> None:
    for index, width in ((-1, 256), (0, 0), (0, 257)):
        with pytest.raises(Invalid):
            tiles.tile_path(0, index, width)


def test_an_empty_tree_has_no_files() -> None:
    assert list(tiles.files(0)) == []
    assert tiles.grow(0, [], Folder()) == {}
    assert tiles.grow(300, [], Folder()) == {}


def test_growing_step_by_step_leaves_every_file_of_every_size() -> None:
    folder, size = Folder(), 0
    for step in (1, 254, 1, 1, 255, 256, 513, 66_000):
        folder.update(tiles.grow(size, entries(size, size + step), folder))
        size += step
        assert all(path in folder for path in tiles.files(size))
        top = tiles.TileHashes(folder, size)
        nodes = [top(0, index) for index in range(0, size, 97)]
        assert nodes == [leaf_hash(entry(index)) for index in range(0, size, 97)]


def test_growing_again_writes_the_same_bytes() -> None:
    """A run cut short after any number of files is repeated whole, whatever it has left behind."""
    folder = Folder(tiles.grow(0, entries(0, 300), Folder()))
    once = tiles.grow(300, entries(300, 900), folder)
    for count in range(len(once) + 1):
        cut_short = Folder(folder | dict(list(once.items())[:count]))
        assert tiles.grow(300, entries(300, 900), cut_short) == once


def test_nodes_above_the_leaves_come_from_the_tiles() -> None:
    folder = Folder(tiles.grow(0, entries(0, 70_000), Folder()))
    read = tiles.TileHashes(folder, 70_000)
    hashes = [leaf_hash(each) for each in entries(0, 70_000)]
    for level, index in ((0, 69_999), (3, 8_749), (7, 545), (8, 272), (9, 135), (16, 0)):
        assert read(level, index) == root(hashes[index << level : (index + 1) << level])
    for level, index in ((0, 70_000), (8, 273), (17, 0)):
        with pytest.raises(Invalid):
            read(level, index)


def test_a_full_tile_serves_where_its_partial_one_is_gone() -> None:
    folder = Folder(tiles.grow(0, entries(0, 256), Folder()))
    hashes = b"".join(leaf_hash(each) for each in entries(0, 10))
    assert tiles.read_tile(folder, 0, 0, 10) == hashes
    assert tiles.read_bundle(folder, 0, 10) == entries(0, 10)
    assert tiles.grow(10, entries(10, 20), folder) == tiles.grow(0, entries(0, 20), Folder())


def test_a_missing_tile_and_a_tile_of_wrong_length_are_named() -> None:
    folder = Folder(tiles.grow(0, entries(0, 300), Folder()))
    path = tiles.tile_path(0, 1, 44)
    folder[path] = folder[path][:-1]
    with pytest.raises(Tampered, match=r"tile/0/001\.p/44"):
        tiles.read_tile(folder, 0, 1, 300)
    del folder[path]
    with pytest.raises(NotFound, match="tile/0/001"):
        tiles.read_tile(folder, 0, 1, 300)
    with pytest.raises(Invalid):
        tiles.read_tile(folder, 0, 2, 300)


def test_a_missing_bundle_and_a_bundle_of_wrong_count_are_named() -> None:
    folder = Folder(tiles.grow(0, entries(0, 300), Folder()))
    path = tiles.bundle_path(1, 44)
    folder[path] = tiles.encode_bundle(entries(256, 299))
    with pytest.raises(Tampered, match="43 entries"):
        tiles.read_bundle(folder, 1, 300)
    del folder[path]
    with pytest.raises(NotFound, match="tile/entries/001"):
        tiles.read_bundle(folder, 1, 300)


def test_a_bundle_is_lengths_and_entries() -> None:
    assert tiles.encode_bundle([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    longest = [b"x" * tiles.MAX_ENTRY_BYTES, b""]
    assert tiles.decode_bundle(tiles.encode_bundle(longest)) == longest
    with pytest.raises(Invalid):
        tiles.encode_bundle([b"x" * (tiles.MAX_ENTRY_BYTES + 1)])


def test_a_bundle_cut_anywhere_inside_an_entry_is_refused() -> None:
    whole = tiles.encode_bundle([b"abc", b"d"])
    assert tiles.decode_bundle(whole[:5]) == [b"abc"]
    for length in (1, 2, 3, 4, 6, 7):
        with pytest.raises(Tampered):
            tiles.decode_bundle(whole[:length])


def test_a_bundle_has_at_most_256_entries() -> None:
    with pytest.raises(Tampered):
        tiles.decode_bundle(bytes(2 * 257))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700, 65_536, 70_000])
def test_a_path_is_needed_exactly_if_it_is_one_of_the_files(size: int) -> None:
    others = {path for other in (1, 256, 300, 65_536, 70_001) for path in tiles.files(other)}
    wanted = set(tiles.files(size))
    assert {path for path in wanted | others if tiles.is_needed(path, size)} == wanted


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "tile/0/x000/000",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/0",
        "tile/00/000",
        "tile/8/000",
        "tile/entries/000/",
        "tile/entries/000\n",
        "tile/entries/" + "x001/" * 3000 + "000",
    ],
)
def test_a_path_that_no_log_has_means_nothing(path: str) -> None:
    assert tiles.parse_path(path) is None
