"""However a log grows, its files are those of a log that was written at once."""

from hypothesis import given, strategies as st

from gatebook.ledger import merkle, tiles


class Folder(dict[str, bytes]):
    """A log's files in memory."""

    def read(self, path: str) -> bytes | None:
        """The file at `path`."""
        return self.get(path)


def entries(start: int, end: int) -> list[bytes]:
    """Distinct entries of distinct lengths."""
    return [b"%d" % number * (number % 3 + 1) for number in range(start, end)]


@given(st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_growing_in_any_steps_gives_the_files_of_one_step(steps: list[int]) -> None:
    folder, size = Folder(), 0
    for step in steps:
        folder.update(tiles.grow(size, entries(size, size + step), folder))
        size += step
    at_once = tiles.grow(0, entries(0, size), Folder())
    assert list(at_once) == list(tiles.files(size))
    assert at_once.items() <= folder.items()


@given(st.integers(1, 1500), st.data())
def test_proofs_from_tiles_lead_to_the_root(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    folder = Folder(tiles.grow(0, entries(0, size), Folder()))
    read = tiles.TileHashes(folder, size)
    hashes = [merkle.leaf_hash(entry) for entry in entries(0, size)]
    root = merkle.root(hashes)
    merkle.verify_inclusion(
        index, size, hashes[index], merkle.inclusion_proof(index, size, read), root
    )
    merkle.verify_consistency(
        old, merkle.root(hashes[:old]), size, root, merkle.consistency_proof(old, size, read)
    )


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(whole: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(whole)) == whole


@given(st.integers(1, 2**62))
def test_the_files_of_any_size_are_counted_by_its_levels(size: int) -> None:
    """A partial tile exists where the specification says so, for sizes no test can build."""
    level = 0
    while size >> 8 * level:
        width = tiles.partial_width(level, size)
        assert width == (size // 256**level) % 256
        full = size // 256 ** (level + 1)
        assert full * 256 ** (level + 1) + width * 256**level <= size
        level += 1
