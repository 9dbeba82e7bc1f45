"""What goes out as a token comes back as the value, and nothing else does."""

from hypothesis import given, strategies as st

from gatebook.guard.edits import Place, edited
from gatebook.guard.vault import LONGEST, Vault

texts = st.text(alphabet="ab <>_1EMAIL@.", max_size=60)


def test_one_value_has_one_token_and_another_value_another() -> None:
    vault = Vault()
    first = vault.token("email", "ada@example.com")
    assert first == "<EMAIL_1>"
    assert vault.token("email", "ada@example.com") == first
    assert vault.token("email", "bob@example.com") == "<EMAIL_2>"
    assert vault.token("iban", "ada@example.com") == "<IBAN_1>"


def test_a_token_that_the_text_holds_already_is_not_taken() -> None:
    vault = Vault()
    vault.avoid("what does <EMAIL_1> mean?")
    assert vault.token("email", "ada@example.com") == "<EMAIL_2>"
    assert vault.restored("<EMAIL_1> and <EMAIL_2>") == "<EMAIL_1> and ada@example.com"


@given(st.lists(texts.filter(bool), max_size=5), st.data())
def test_what_was_replaced_is_restored(values: list[str], data: st.DataObject) -> None:
    text = data.draw(texts)
    places = []
    for value in values:
        places.append(Place(len(text), len(text) + len(value), "email", "token"))
        text += value + data.draw(texts)
    vault = Vault()
    vault.avoid(text)
    assert vault.restored(edited(text, places, vault)) == text


@given(st.integers(1, 12), st.lists(texts, max_size=8))
def test_a_token_that_comes_in_parts_is_never_let_go_in_parts(
    count: int, pieces: list[str]
) -> None:
    vault = Vault()
    tokens = [vault.token("email", f"{number}@x") for number in range(count)]
    whole = "".join([piece + tokens[number % count] for number, piece in enumerate(pieces)])
    held, given_ = "", ""
    for character in whole:
        held += character
        keep = vault.undecided(held)
        assert keep <= LONGEST
        given_ += vault.restored(held[: len(held) - keep])
        held = held[len(held) - keep :]
    assert given_ + vault.restored(held) == vault.restored(whole)
