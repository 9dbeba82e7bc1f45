"""The RFC 6962 (and RFC 9162) Merkle tree over SHA-256: hashes, roots, proofs, compact range.

Nodes are addressed by (level, index): the root of the complete subtree over the leaves
[index * 2**level, (index + 1) * 2**level). A proof is a list of 32-byte hashes.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from gatebook.core.errors import Invalid, Tampered

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
_CHUNK_LEAVES: Final = 256

HashReader = Callable[[int, int], bytes]
"""Gives the node at (level, index); `tiles.TileHashes` is one over tlog-tiles files."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over these leaf hashes; `EMPTY_ROOT` for none."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


def complete_root(hashes: bytes) -> bytes:
    """Root of a complete subtree given its row of hashes end to end (1, 2, 4 ... of them)."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)]
        )
    return hashes


class Frontier:
    """The compact range of the first `size` leaves: all that appending and the root need.

    It holds the roots of the complete subtrees, largest first: at most 64 hashes.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Continue from what `size` and `hashes` of another frontier were."""
        if size < 0 or len(hashes) != size.bit_count():
            raise Invalid("frontier_size", f"A frontier of {size} leaves has other hashes.")
        if any(len(each) != HASH_BYTES for each in hashes):
            raise Invalid("frontier_hash", "A frontier's hashes have 32 bytes each.")
        self.size = size
        self._stack = list(hashes)

    @property
    def hashes(self) -> list[bytes]:
        """What to store beside `size` in order to continue later."""
        return list(self._stack)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._push(leaf, self.size)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order; whole chunks of 256 are hashed row by row, which is faster."""
        leaves = leaves if isinstance(leaves, Sequence) else list(leaves)
        aligned = min(-self.size % _CHUNK_LEAVES, len(leaves))
        for leaf in leaves[:aligned]:
            self.append(leaf)
        at = aligned
        while len(leaves) - at >= _CHUNK_LEAVES:
            row = b"".join(leaves[at : at + _CHUNK_LEAVES])
            self._push(complete_root(row), self.size // _CHUNK_LEAVES)
            self.size += _CHUNK_LEAVES
            at += _CHUNK_LEAVES
        for leaf in leaves[at:]:
            self.append(leaf)

    def root(self) -> bytes:
        """Root of the tree over all leaves so far."""
        if not self._stack:
            return EMPTY_ROOT
        result = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            result = node_hash(left, result)
        return result

    def _push(self, node: bytes, index: int) -> None:
        # `index` is the node's place in its row: every odd one completes a pair with the top.
        while index & 1:
            node = sha256(b"\x01" + self._stack.pop() + node).digest()
            index >>= 1
        self._stack.append(node)


def frontier(size: int, read: HashReader) -> Frontier:
    """The frontier of a tree of `size` whose nodes can be read."""
    hashes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(read(level, start >> level))
            start += 1 << level
    return Frontier(size, hashes)


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """The audit path PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf upward."""
    if not 0 <= index < size:
        raise Invalid("proof_index", f"Entry {index} is not in a tree of {size} entries.")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, new_size: int, read: HashReader) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 6962 section 2.1.2; empty when the sizes are equal."""
    if not 0 < old_size <= new_size:
        raise Invalid("proof_size", f"No proof leads from size {old_size} to size {new_size}.")
    start, end, path = 0, new_size, []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    if start:
        path.append(_range_root(start, end, read))
    return path[::-1]


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes
) -> None:
    """Raise Tampered unless the tree has `leaf` at `index` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Invalid("proof_index", f"Entry {index} is not in a tree of {size} entries.")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    _check_form(proof, inner + border, leaf, root_hash)
    node = leaf
    for level, sibling in enumerate(proof):
        left_sibling = level >= inner or index >> level & 1
        node = node_hash(sibling, node) if left_sibling else node_hash(node, sibling)
    if node != root_hash:
        raise Tampered(
            "inclusion_mismatch",
            f"The proof does not lead from entry {index} to the root of size {size}.",
        )


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise Tampered unless the new tree begins with the old one (RFC 9162 section 2.1.4.2).

    `old_size` 0 is Invalid: everything follows an empty tree, so there is nothing to prove.
    """
    if not 0 < old_size <= new_size:
        raise Invalid("proof_size", f"No proof leads from size {old_size} to size {new_size}.")
    last = old_size - 1
    split_bits = (last ^ (new_size - 1)).bit_length()
    shift = (old_size & -old_size).bit_length() - 1
    inner, border = split_bits - shift, (last >> split_bits).bit_count()
    if old_size == new_size:
        inner = border = shift = 0
    # A complete old tree is itself the first node, so the proof leaves it out.
    seeded = old_size & last == 0 or old_size == new_size
    _check_form(proof, inner + border + (not seeded), old_root, new_root)
    rest = list(proof)
    old = new = old_root if seeded else rest.pop(0)
    for level, sibling in enumerate(rest):
        if level >= inner or last >> (shift + level) & 1:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != old_root or new != new_root:
        raise Tampered(
            "consistency_mismatch",
            f"The tree of size {new_size} is not a continuation of the tree of size {old_size}.",
        )


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (RFC 6962 section 2.1)."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(start: int, end: int, read: HashReader) -> bytes:
    """Root over leaves [start, end), where `start` is where RFC 6962's splitting puts it."""
    parts = []
    while start < end:
        # The first piece is the largest complete subtree that fits; the rest hangs to its right.
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    result = parts.pop()
    while parts:
        result = node_hash(parts.pop(), result)
    return result


def _check_form(proof: Sequence[bytes], length: int, *ends: bytes) -> None:
    if len(proof) != length:
        raise Tampered("proof_length", f"The proof has {len(proof)} hashes and needs {length}.")
    if any(len(each) != HASH_BYTES for each in (*proof, *ends)):
        raise Tampered("proof_hash", "A hash of the proof does not have 32 bytes.")
