"""Keccak-256 is not SHA-3, and reads more than one block."""

from gatebook.guard.checks.keccak import keccak256


def test_what_ethereum_has_for_nothing_and_for_a_word() -> None:
    nothing = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    word = "1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"
    assert keccak256(b"").hex() == nothing
    assert keccak256(b"hello").hex() == word


def test_a_text_of_two_blocks() -> None:
    digest = "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"
    assert keccak256(b"a" * 136) != keccak256(b"a" * 137)
    assert keccak256(b"a" * 135).hex() == digest
