"""One pass over a published log: every entry bundle and every hash tile, in constant memory.

The tree is computed from the entries and the stored tiles are compared with it. What does not fit
is collected; what it means is for `verify.py` to say.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from gatebook.core.errors import NotFound, Tampered
from gatebook.ledger.entry import Entry
from gatebook.ledger.merkle import HASH_BYTES, Frontier, frontier, leaf_hash
from gatebook.ledger.report import Problem, Problems, Severity, Unauthenticated
from gatebook.ledger.streams import Streams
from gatebook.ledger.tiles import (
    TILE_WIDTH,
    TileHashes,
    TileSource,
    bundle_path,
    decode_bundle,
    encode_bundle,
    grow_tiles,
    parse_path,
    read_tile,
    tile_path,
)

MAX_CHANGED: Final = 1000
"""Changed hashes that are remembered one by one."""

_LEAF_ROWS: Final = ("entries", "0")

Inspect = Callable[[int, bytes, Entry], None]


class LogFiles(TileSource, Protocol):
    """A published log as files that can be listed."""

    def lengths(self) -> Mapping[str, int]:
        """Every file there is, relative to the log's prefix, and its length in bytes."""
        ...


class Changed(NamedTuple):
    """A leaf hash that differs between the entries and the stored tile of level 0."""

    entry: int
    computed: bytes
    stored: bytes


class Walk:
    """Feeds `streams` and `inspect` with every entry and computes the root of the tree.

    Behind the first entry that is missing, streams cannot be judged and are no longer fed.
    """

    def __init__(
        self, files: LogFiles, size: int, streams: Streams, inspect: Inspect | None = None
    ) -> None:
        self.missing: list[tuple[int, int]] = []
        self.bundles = Problems()
        self.tiles = Problems()
        self.changed: list[Changed] = []
        self.surplus: list[Unauthenticated] = []
        self.roots: dict[int, bytes] = {}
        self.entries = 0
        self._files = files
        self._size = size
        self._streams = streams
        self._inspect = inspect
        self._edge: dict[str, tuple[str, bytes]] = {}
        self._grown = 0
        self.is_whole = True

    @property
    def root(self) -> bytes | None:
        """Root over all entries; None where neither entry nor hash is there for one of them."""
        return self.roots.get(self._size)

    def run(self, marks: Collection[int] = ()) -> None:
        """Walk; afterwards `roots` has the root at every mark inside the log, and at its end."""
        done = 0
        # Only what is there is visited: the size in a checkpoint may be any number.
        for index in self._present():
            self._lack(done, index * TILE_WIDTH)
            done = self._visit(index, marks)
        self._lack(done, self._size)
        self._streams.settle()
        if self._grown == self._size:
            self.roots[self._size] = self._root()
            self._compare_edge()

    def read(self, path: str) -> bytes | None:
        """The computed partial tile at the right edge of its row (`tiles.TileSource`)."""
        at, data = self._edge.get(_row_of(path), ("", b""))
        return data if at == path else None

    def _present(self) -> list[int]:
        """The numbers of the bundles of which there is a file of entries or of leaf hashes."""
        places = map(parse_path, self._files.lengths())
        found = {each.number for each in places if each is not None and each.row in _LEAF_ROWS}
        return sorted(index for index in found if index * TILE_WIDTH < self._size)

    def _lack(self, start: int, end: int) -> None:
        """Pass over bundles of which there is nothing."""
        if start < end:
            self.is_whole = False
            self._miss(start, end)

    def _visit(self, index: int, marks: Collection[int]) -> int:
        """Take one bundle; gives where it ends."""
        start = index * TILE_WIDTH
        end = min(start + TILE_WIDTH, self._size)
        leaves = self._bundle(index, end - start)
        digests = [leaf_hash(leaf) for leaf in leaves]
        self._feed(leaves, digests)
        if start + len(leaves) < end:
            self.is_whole = False
            digests += self._stored_hashes(index)[len(leaves) :]
        if self._grown == start and start + len(digests) == end:
            self._grow(digests, sorted(mark for mark in marks if start < mark < end))
            if end in marks:
                self.roots[end] = self._root()
        elif leaves and start + len(digests) == end:
            # Behind a hole no root can be computed, but this tile can still be compared.
            self._compare_tile(0, index, end - start, b"".join(digests))
        return end

    def _bundle(self, index: int, width: int) -> list[bytes]:
        """The entries of a bundle, as far as they are there."""
        start = index * TILE_WIDTH
        path, data = self._stored(bundle_path(index, width), bundle_path(index))
        try:
            leaves = decode_bundle(data or b"")
        except Tampered as error:
            self._bad_bundle(path, start, error.detail)
            return []
        if len(leaves) < width:
            self._miss(start + len(leaves), start + width)
        elif len(leaves) > width and path != bundle_path(index):
            self._bad_bundle(path, start, "it holds more entries than its name says.")
        elif len(leaves) > width:
            self._leave_over(path, data, len(encode_bundle(leaves[:width])))
        return leaves[:width]

    def _stored(self, path: str, full_path: str) -> tuple[str, bytes | None]:
        """A file, or the full one where a partial one is gone (tlog-tiles, "Partial Tiles")."""
        data = self._files.read(path)
        if data is None and path != full_path:
            return full_path, self._files.read(full_path)
        return path, data

    def _feed(self, leaves: Sequence[bytes], digests: Sequence[bytes]) -> None:
        if not self.is_whole:
            return
        accept, inspect = self._streams.accept, self._inspect
        for leaf, digest in zip(leaves, digests, strict=True):
            entry = accept(leaf, digest)
            if inspect is not None and entry is not None:
                inspect(self.entries, leaf, entry)
            self.entries += 1

    def _grow(self, digests: Sequence[bytes], marks: Iterable[int]) -> None:
        """Append leaf hashes to the computed tree, halting for the root at each mark."""
        start, done = self._grown, 0
        for stop in (*marks, start + len(digests)):
            part = digests[done : stop - start]
            for path, data in grow_tiles(self._grown, part, self).items():
                self._keep(path, data)
            self._grown, done = stop, stop - start
            if done < len(digests):
                self.roots[stop] = self._root()

    def _keep(self, path: str, data: bytes) -> None:
        """Compare a tile that is finished, and remember one that is not."""
        if len(data) < TILE_WIDTH * HASH_BYTES:
            self._edge[_row_of(path)] = (path, data)
        else:
            self._compare(
                path, data, self._files.read(path), self._grown // TILE_WIDTH * TILE_WIDTH
            )

    def _root(self) -> bytes:
        return frontier(self._grown, TileHashes(self, self._grown)).root()

    def _compare_edge(self) -> None:
        """Compare the partial tiles of the final size."""
        level = 0
        while count := self._size >> 8 * level:
            index, width = divmod(count, TILE_WIDTH)
            if width:
                computed = self.read(tile_path(level, index, width)) or b""
                self._compare_tile(level, index, width, computed)
            level += 1

    def _compare_tile(self, level: int, index: int, width: int, computed: bytes) -> None:
        """Compare a tile with its file, or with the beginning of the full one."""
        path, stored = self._stored(tile_path(level, index, width), tile_path(level, index))
        if stored is not None and width < TILE_WIDTH and path == tile_path(level, index):
            self._leave_over(path, stored, len(computed))
            stored = stored[: len(computed)]
        self._compare(path, computed, stored, index * TILE_WIDTH)

    def _compare(self, path: str, computed: bytes, stored: bytes | None, start: int) -> None:
        """Compare; `start` is the first entry below a tile of level 0."""
        if stored == computed:
            return
        if stored is None:
            self.tiles.add(_problem("tile_missing", f"{path} is missing.", Severity.INCOMPLETE))
            return
        self.tiles.add(_problem("tile_changed", f"{path} does not hold the hashes of the entries."))
        if _row_of(path) == "0" and len(stored) == len(computed):
            for at in range(0, len(computed), HASH_BYTES):
                pair = computed[at : at + HASH_BYTES], stored[at : at + HASH_BYTES]
                if pair[0] != pair[1] and len(self.changed) < MAX_CHANGED:
                    self.changed.append(Changed(start + at // HASH_BYTES, *pair))

    def _stored_hashes(self, index: int) -> list[bytes]:
        """The leaf hashes that the stored tile of a bundle holds; none where it is of no use."""
        try:
            return split_hashes(read_tile(self._files, 0, index, self._size))
        except (NotFound, Tampered):
            return []

    def _miss(self, start: int, end: int) -> None:
        if self.missing and self.missing[-1][1] == start:
            start = self.missing.pop()[0]
        self.missing.append((start, end))

    def _leave_over(self, path: str, data: bytes | None, used: int) -> None:
        why = "belongs to a later size of the log"
        self.surplus.append(Unauthenticated(path=path, start=used, end=len(data or b""), why=why))

    def _bad_bundle(self, path: str, index: int, detail: str) -> None:
        self.bundles.add(Problem(code="bundle_malformed", detail=f"{path}: {detail}", index=index))


def stored_root(files: LogFiles, size: int) -> bytes | None:
    """The root to which the stored tiles of level 0 lead, None if they are not all there."""
    grown = Frontier()
    for index in range(-(-size // TILE_WIDTH)):
        try:
            grown.extend(split_hashes(read_tile(files, 0, index, size)))
        except (NotFound, Tampered):
            return None
    return grown.root()


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile one by one."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def _row_of(path: str) -> str:
    """The level in `tile/<L>/<N>`."""
    return path.split("/", 2)[1]


def _problem(code: str, detail: str, severity: Severity = Severity.TAMPERED) -> Problem:
    return Problem(code=code, detail=detail, severity=severity)
