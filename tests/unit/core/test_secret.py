"""Secrets do not show by accident."""

import copy
import pickle
import traceback

import msgspec
import pytest

from gatebook.core.secret import Secret

CANARY = "sk-canary-4711"
SECRET = Secret(CANARY)


class Holder(msgspec.Struct):
    """Something that is logged with what it holds."""

    key: Secret


@pytest.mark.parametrize(
    "text",
    [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r}", repr([SECRET]), repr(Holder(SECRET))],
)
def test_no_way_to_print_a_secret_shows_it(text: str) -> None:
    assert CANARY not in text


def test_a_traceback_does_not_show_a_secret() -> None:
    with pytest.raises(TypeError) as caught:
        int(SECRET)  # type: ignore[call-overload]  # the mistake this is about
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_secret_is_neither_pickled_nor_copied_nor_encoded() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
    with pytest.raises(TypeError):
        copy.deepcopy(SECRET)
    with pytest.raises(TypeError):
        msgspec.json.encode(Holder(SECRET))


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(CANARY) == SECRET
    assert hash(Secret(CANARY)) == hash(SECRET)
    assert Secret("sk-other") != SECRET
    assert SECRET != CANARY


def test_only_reveal_gives_it_away() -> None:
    assert SECRET.reveal() == CANARY
