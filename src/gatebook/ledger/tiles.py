"""Tiles and entry bundles (C2SP tlog-tiles): the tree as immutable files.

A tile is up to 256 consecutive hashes of one row, a bundle the up to 256 entries below a tile of
level 0. Everything here is values: files come through `TileSource` and go back as {path: bytes}.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger.merkle import HASH_BYTES, complete_root, leaf_hash

TILE_WIDTH: Final = 256
MAX_ENTRY_BYTES: Final = 65_535
_HEIGHT: Final = 8
_LENGTH_BYTES: Final = 2
_FILE: Final = re.compile(
    r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)
"""The paths of a tree of fewer than 2^63 entries, and some that it cannot have."""


class TileSource(Protocol):
    """Where the files of a log are; paths are relative to its prefix."""

    def read(self, path: str) -> bytes | None:
        """The whole file, or None where there is none."""
        ...


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """`tile/<L>/<N>[.p/<W>]`, for example `tile/0/x001/x234/067.p/12`."""
    return f"tile/{level}/{_numbered(index, width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """`tile/entries/<N>[.p/<W>]`."""
    return f"tile/entries/{_numbered(index, width)}"


class FilePlace(NamedTuple):
    """What a path of a log means: row ("entries" or a level), number, and width of the file."""

    row: str
    number: int
    width: int


def parse_path(path: str) -> FilePlace | None:
    """What a path means, None where no log has such a file."""
    matched = _FILE.fullmatch(path)
    if matched is None:
        return None
    row, digits, width = matched.groups()
    place = FilePlace(row, int(re.sub("[x/]", "", digits)), int(width or TILE_WIDTH))
    is_canonical = place.width <= TILE_WIDTH and path == f"tile/{row}/{_numbered(*place[1:])}"
    return place if is_canonical else None


def is_needed(path: str, size: int) -> bool:
    """Whether a tree of `size` has this file beside its checkpoint, as `files` lists them."""
    place = parse_path(path)
    if place is None:
        return False
    level = 0 if place.row == "entries" else int(place.row)
    return place.width == min((size >> _HEIGHT * level) - place.number * TILE_WIDTH, TILE_WIDTH)


def partial_width(level: int, size: int) -> int:
    """Hashes in the partial tile of `level` of a tree of `size`; 0 when it has none."""
    return (size >> _HEIGHT * level) % TILE_WIDTH


def files(size: int) -> Iterator[str]:
    """Every file a tree of `size` must have beside its checkpoint: bundles, then tiles upward."""
    for index, width in _row(0, size):
        yield bundle_path(index, width)
    level = 0
    while size >> _HEIGHT * level:
        for index, width in _row(level, size):
            yield tile_path(level, index, width)
        level += 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries end to end, each after its length as a big-endian uint16."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise Invalid("entry_too_large", f"An entry has at most {MAX_ENTRY_BYTES} bytes.")
        parts += [len(entry).to_bytes(_LENGTH_BYTES, "big"), entry]
    return b"".join(parts)


def decode_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle; raises Tampered when it ends inside one or has more than 256."""
    entries, at, end = [], 0, len(data)
    while at < end:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != end or len(entries) > TILE_WIDTH:
        raise Tampered("bundle_form", "An entry bundle does not hold whole entries, or too many.")
    return entries


def read_tile(source: TileSource, level: int, index: int, size: int) -> bytes:
    """The hashes of a tile as a tree of `size` has them.

    Where the partial file is gone, the full one serves (tlog-tiles, "Partial Tiles").
    """
    width = _width(level, index, size)
    data = source.read(tile_path(level, index, width))
    if data is None and width < TILE_WIDTH:
        data, width = source.read(tile_path(level, index)), TILE_WIDTH
    if data is None:
        raise NotFound("tile_missing", f"{tile_path(level, index, width)} is missing.")
    if len(data) != width * HASH_BYTES:
        raise Tampered("tile_length", f"{tile_path(level, index, width)} has a wrong length.")
    return data[: _width(level, index, size) * HASH_BYTES]


def read_bundle(source: TileSource, index: int, size: int) -> list[bytes]:
    """The entries of a bundle as a tree of `size` has them, by the rules of `read_tile`."""
    wanted = width = _width(0, index, size)
    data = source.read(bundle_path(index, width))
    if data is None and width < TILE_WIDTH:
        data, width = source.read(bundle_path(index)), TILE_WIDTH
    if data is None:
        raise NotFound("bundle_missing", f"{bundle_path(index, wanted)} is missing.")
    entries = decode_bundle(data)
    if len(entries) != width:
        raise Tampered("bundle_count", f"{bundle_path(index, width)} has {len(entries)} entries.")
    return entries[:wanted]


class TileHashes:
    """The nodes of a tree of `size` as its tiles have them, not checked: a `merkle.HashReader`."""

    def __init__(self, source: TileSource, size: int) -> None:
        self._source = source
        self._size = size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Root of the complete subtree at (level, index), which must lie inside the tree."""
        if (index + 1) << level > self._size:
            raise Invalid("node_outside", f"Node ({level}, {index}) lies outside the tree.")
        tile_level, height = divmod(level, _HEIGHT)
        tile_index, first = divmod(index << height, TILE_WIDTH)
        at = (tile_level, tile_index)
        tile = self._tiles.get(at)
        if tile is None:
            tile = self._tiles[at] = read_tile(self._source, *at, self._size)
        return complete_root(tile[first * HASH_BYTES : (first + (1 << height)) * HASH_BYTES])


def grow_tiles(
    old_size: int, leaf_hashes: Sequence[bytes], source: TileSource
) -> Mapping[str, bytes]:
    """The tiles that appending these leaf hashes to a tree of `old_size` writes, as {path: bytes}.

    The same arguments give the same files, so a run that was cut short may be repeated whole.
    Partial tiles are those of the new size; no width in between is written.
    """
    written: dict[str, bytes] = {}
    row, level = b"".join(leaf_hashes), 0
    while row:
        done = old_size >> _HEIGHT * level
        index, width = divmod(done, TILE_WIDTH)
        if width:
            row = read_tile(source, level, index, old_size) + row
        finished = []
        tile_bytes = TILE_WIDTH * HASH_BYTES
        for at in range(0, len(row), tile_bytes):
            tile = row[at : at + tile_bytes]
            written[tile_path(level, index, len(tile) // HASH_BYTES)] = tile
            if len(tile) == tile_bytes:
                finished.append(complete_root(tile))
            index += 1
        row, level = b"".join(finished), level + 1
    return written


def grow_bundles(
    old_size: int, entries: Sequence[bytes], source: TileSource
) -> Mapping[str, bytes]:
    """The entry bundles that appending `entries` to a tree of `old_size` writes, likewise."""
    index, width = divmod(old_size, TILE_WIDTH)
    whole = [*(read_bundle(source, index, old_size) if width and entries else ()), *entries]
    written: dict[str, bytes] = {}
    for at in range(0, len(whole), TILE_WIDTH):
        part = whole[at : at + TILE_WIDTH]
        written[bundle_path(index, len(part))] = encode_bundle(part)
        index += 1
    return written


def grow(old_size: int, entries: Sequence[bytes], source: TileSource) -> dict[str, bytes]:
    """Bundles and tiles together, in the order in which they should be written."""
    hashes = [leaf_hash(entry) for entry in entries]
    return {
        **grow_bundles(old_size, entries, source),
        **grow_tiles(old_size, hashes, source),
    }


def _width(level: int, index: int, size: int) -> int:
    """Hashes in a tile of a tree of `size`; raises Invalid where the tree has no such tile."""
    width = min((size >> _HEIGHT * level) - index * TILE_WIDTH, TILE_WIDTH)
    if width <= 0 or index < 0:
        raise Invalid("tile_outside", f"A tree of {size} entries has no tile {level}/{index}.")
    return width


def _row(level: int, size: int) -> Iterator[tuple[int, int]]:
    full, width = divmod(size >> _HEIGHT * level, TILE_WIDTH)
    for index in range(full):
        yield index, TILE_WIDTH
    if width:
        yield full, width


def _numbered(index: int, width: int) -> str:
    """`<N>[.p/<W>]`: three digits to a path element, all but the last after an `x`."""
    if index < 0 or not 0 < width <= TILE_WIDTH:
        raise Invalid("tile_path", f"There is no tile {index} of width {width}.")
    path = f"{index % 1000:03d}"
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
