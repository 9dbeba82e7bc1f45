"""Hashes, roots and proofs of RFC 6962, and what proofs must not prove."""

from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import merkle
from tests.vectors import load

VECTORS = load("ledger/merkle")
LEAVES = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


def read(level: int, index: int) -> bytes:
    """The nodes of the tree over `LEAVES`."""
    return merkle.root(LEAVES[index << level : (index + 1) << level])


def test_published_hashes() -> None:
    assert merkle.EMPTY_ROOT.hex() == VECTORS["empty_root"]
    for case in VECTORS["leaf_hashes"]:
        assert merkle.leaf_hash(bytes.fromhex(case["entry"])).hex() == case["hash"]
    for case in VECTORS["node_hashes"]:
        left, right = bytes.fromhex(case["left"]), bytes.fromhex(case["right"])
        assert merkle.node_hash(left, right).hex() == case["hash"]


def test_published_roots() -> None:
    assert merkle.root([]) == merkle.EMPTY_ROOT
    for size, root in enumerate(ROOTS, 1):
        assert merkle.root(LEAVES[:size]) == root


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_published_inclusion_proofs(case: dict[str, Any]) -> None:
    proof = [bytes.fromhex(each) for each in case["proof"]]
    index, size = case["index"], case["size"]
    merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size - 1])
    assert merkle.inclusion_proof(index, size, read) == proof


@pytest.mark.parametrize("case", VECTORS["consistency"])
def test_published_consistency_proofs(case: dict[str, Any]) -> None:
    proof = [bytes.fromhex(each) for each in case["proof"]]
    old, new = case["old_size"], case["new_size"]
    merkle.verify_consistency(old, ROOTS[old - 1], new, ROOTS[new - 1], proof)
    assert merkle.consistency_proof(old, new, read) == proof


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_no_change_of_an_inclusion_proof_is_believed(case: dict[str, Any]) -> None:
    """The probes of transparency-dev/merkle proof/verify_test.go, `corruptInclusionProof`."""
    index, size = case["index"], case["size"]
    proof = [bytes.fromhex(each) for each in case["proof"]]
    leaf, root, other = LEAVES[index], ROOTS[size - 1], bytes.fromhex("abacaba0" * 8)
    probes = [
        (index - 1, size, leaf, proof, root),
        (index + 1, size, leaf, proof, root),
        (index ^ 2, size, leaf, proof, root),
        (index, size * 2, leaf, proof, root),
        (index, size // 2, leaf, proof, root),
        (index, size, b"WrongLeaf", proof, root),
        (index, size, leaf, proof, merkle.EMPTY_ROOT),
        (index, size, leaf, proof, other),
        *((index, size, leaf, wrong, root) for wrong in _corrupted(proof, root)),
    ]
    for probe in probes:
        with pytest.raises((Invalid, Tampered)):
            merkle.verify_inclusion(*probe)


@pytest.mark.parametrize("case", [case for case in VECTORS["consistency"] if case["proof"]])
def test_no_change_of_a_consistency_proof_is_believed(case: dict[str, Any]) -> None:
    """The probes of transparency-dev/merkle proof/verify_test.go, `corruptConsistencyProof`."""
    old, new = case["old_size"], case["new_size"]
    proof = [bytes.fromhex(each) for each in case["proof"]]
    first, second = ROOTS[old - 1], ROOTS[new - 1]
    probes = [
        (old - 1, first, new, second, proof),
        (old + 1, first, new, second, proof),
        (old ^ 2, first, new, second, proof),
        (old, first, new * 2, second, proof),
        (old, first, new // 2, second, proof),
        (old, b"WrongRoot", new, second, proof),
        (old, first, new, b"WrongRoot", proof),
        (old, second, new, first, proof),
        (old, first, new, second, list[bytes]()),
        (old, first, new, second, [proof[0], *proof]),
        *((old, first, new, second, wrong) for wrong in _corrupted(proof, first)),
        *((old, first, new, second, wrong) for wrong in _corrupted(proof, second)),
    ]
    for probe in probes:
        with pytest.raises((Invalid, Tampered)):
            merkle.verify_consistency(*probe)


def test_equal_trees_need_no_proof_and_equal_roots() -> None:
    merkle.verify_consistency(5, ROOTS[4], 5, ROOTS[4], [])
    with pytest.raises(Tampered, match="not a continuation"):
        merkle.verify_consistency(5, ROOTS[4], 5, ROOTS[5], [])
    with pytest.raises(Tampered, match="needs 0"):
        merkle.verify_consistency(5, ROOTS[4], 5, ROOTS[4], [ROOTS[0]])


def test_nothing_is_proven_from_an_empty_tree() -> None:
    """Size 0 is an error, not a success: a caller that means it says so itself."""
    with pytest.raises(Invalid):
        merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, ROOTS[4], [])
    with pytest.raises(Invalid):
        merkle.consistency_proof(0, 5, read)


def test_an_entry_outside_the_tree_has_no_proof() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(Invalid):
            merkle.inclusion_proof(index, size, read)
        with pytest.raises(Invalid):
            merkle.verify_inclusion(index, size, LEAVES[0], [], ROOTS[0])


def test_a_frontier_continues_from_what_was_stored() -> None:
    first = merkle.Frontier()
    first.extend(LEAVES[:5])
    second = merkle.Frontier(first.size, first.hashes)
    second.extend(iter(LEAVES[5:]))
    assert (second.size, second.root()) == (8, ROOTS[7])
    assert (first.size, first.root()) == (5, ROOTS[4])


def test_a_frontier_is_not_made_from_hashes_that_cannot_be_its_own() -> None:
    with pytest.raises(Invalid):
        merkle.Frontier(5, [LEAVES[0]])
    with pytest.raises(Invalid):
        merkle.Frontier(1, [b"short"])
    with pytest.raises(Invalid):
        merkle.Frontier(-1, [LEAVES[0]])


def _corrupted(proof: list[bytes], root: bytes) -> Iterator[list[bytes]]:
    for garbage in (b"", root):
        yield [*proof, garbage]
        yield [garbage, *proof]
    for at, each in enumerate(proof):
        yield [*proof[:at], bytes([each[0] ^ 8]) + each[1:], *proof[at + 1 :]]
    if proof:
        yield proof[:-1]
        yield [*proof[1:], proof[0]] if len(proof) > 1 else []
