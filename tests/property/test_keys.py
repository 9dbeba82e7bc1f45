"""No text but the minted one is ever taken for a key."""

from hypothesis import assume, given, strategies as st

from gatebook.core.ids import system_entropy
from gatebook.identity.keys import LENGTH, Peppers, mint, parse

PEPPERS = Peppers({1: bytes(range(32))})
TOKEN = mint(PEPPERS, system_entropy).token.reveal()
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

positions = st.integers(0, LENGTH - 1)
characters = st.sampled_from(ALPHABET)


@given(st.lists(st.tuples(positions, characters), min_size=1, max_size=8))
def test_no_substitution_is_accepted(edits: list[tuple[int, str]]) -> None:
    mutated = list(TOKEN)
    for at, char in edits:
        mutated[at] = char
    text = "".join(mutated)
    assume(text != TOKEN)
    assert parse(text) is None


@given(positions, positions)
def test_no_swap_of_two_characters_is_accepted(one: int, other: int) -> None:
    mutated = list(TOKEN)
    mutated[one], mutated[other] = mutated[other], mutated[one]
    assume("".join(mutated) != TOKEN)
    assert parse("".join(mutated)) is None


@given(positions, positions, st.text(ALPHABET, max_size=20))
def test_no_cut_and_no_insertion_is_accepted(start: int, end: int, inserted: str) -> None:
    text = TOKEN[: min(start, end)] + inserted + TOKEN[max(start, end) :]
    assume(text != TOKEN)
    assert parse(text) is None


@given(st.text(max_size=100))
def test_no_other_text_is_accepted(text: str) -> None:
    assert parse(text) is None


@given(st.binary(min_size=9, max_size=9), st.binary(min_size=32, max_size=32))
def test_every_minted_key_is_accepted_and_proven(id_: bytes, secret: bytes) -> None:
    minted = mint(PEPPERS, {9: id_, 32: secret}.__getitem__)
    parts = parse(minted.token.reveal())
    assert parts is not None
    assert parts.id == minted.id
    assert PEPPERS.prove(parts, minted.mac, 1)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_no_pepper_but_the_right_one_proves_a_key(one: bytes, other: bytes) -> None:
    assume(one != other)
    minted = mint(Peppers({1: one}), system_entropy)
    parts = parse(minted.token.reveal())
    assert parts is not None
    assert not Peppers({1: other}).prove(parts, minted.mac, 1)
