"""For every tree, the proofs and the compact range agree with the definition of RFC 6962."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import merkle

LEAVES = [sha256(b"\0%d" % number).digest() for number in range(1200)]


def mth(hashes: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 defines it, over leaf hashes."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def read(level: int, index: int) -> bytes:
    """The nodes of the tree over `LEAVES`."""
    part = LEAVES[index << level : (index + 1) << level]
    assert len(part) == 1 << level
    return mth(part)


sizes = st.integers(1, len(LEAVES))


@given(sizes, st.data())
def test_every_inclusion_proof_leads_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read)
    merkle.verify_inclusion(index, size, LEAVES[index], proof, mth(LEAVES[:size]))


@given(sizes, st.data())
def test_every_consistency_proof_joins_the_roots(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = merkle.consistency_proof(old, size, read)
    merkle.verify_consistency(old, mth(LEAVES[:old]), size, mth(LEAVES[:size]), proof)


@given(sizes, st.data())
def test_no_proof_fits_another_place_entry_or_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, len(LEAVES) - 1).filter(lambda number: number != index))
    root, proof = mth(LEAVES[:size]), merkle.inclusion_proof(index, size, read)
    with pytest.raises((Invalid, Tampered)):
        merkle.verify_inclusion(other, size, LEAVES[index], proof, root)
    with pytest.raises(Tampered):
        merkle.verify_inclusion(index, size, LEAVES[other], proof, root)
    with pytest.raises(Tampered):
        merkle.verify_inclusion(index, size, LEAVES[index], proof, mth(LEAVES[: size - 1]))


@given(sizes, st.data())
def test_a_rewritten_past_has_no_consistency_proof(size: int, data: st.DataObject) -> None:
    """One leaf of the old tree replaced in the new one: the honest proof of the new tree fails."""
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    forged = [*LEAVES[:changed], bytes(32), *LEAVES[changed + 1 : size]]
    proof = merkle.consistency_proof(
        old, size, lambda level, index: mth(forged[index << level : (index + 1) << level])
    )
    with pytest.raises(Tampered):
        merkle.verify_consistency(old, mth(LEAVES[:old]), size, mth(forged), proof)


@given(sizes, st.data())
def test_every_bit_of_a_proof_counts(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = merkle.consistency_proof(old, size, read)
    if not proof:
        return
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = int.from_bytes(proof[at], "big") ^ (1 << bit)
    proof[at] = flipped.to_bytes(32, "big")
    with pytest.raises(Tampered):
        merkle.verify_consistency(old, mth(LEAVES[:old]), size, mth(LEAVES[:size]), proof)


@given(st.lists(st.integers(0, 600), max_size=6))
def test_a_frontier_fed_in_any_pieces_has_the_root_of_all(steps: list[int]) -> None:
    frontier = merkle.Frontier()
    for step in steps:
        leaves = LEAVES[frontier.size : frontier.size + step]
        stored = merkle.Frontier(frontier.size, frontier.hashes)
        for leaf in leaves:
            stored.append(leaf)
        frontier.extend(leaves)
        assert (frontier.size, frontier.hashes) == (stored.size, stored.hashes)
        assert frontier.root() == mth(LEAVES[: frontier.size])


@given(sizes)
def test_a_frontier_read_from_stored_nodes_is_the_one_that_grew(size: int) -> None:
    grown = merkle.Frontier()
    grown.extend(LEAVES[:size])
    stored = merkle.frontier(size, read)
    assert (stored.size, stored.hashes) == (grown.size, grown.hashes)
