"""Untrusted values become a command, or an error that names the field in words."""

import pytest

from gatebook.control.commands.add_provider import AddProvider
from gatebook.control.commands.enroll_agent import EnrollAgent
from gatebook.control.commands.rotate_key import RotateKey
from gatebook.control.inputs import is_plain, read_command
from gatebook.core.errors import Invalid
from gatebook.core.secret import Secret

GOOD = {"owner": "alice@example.com", "purpose": "answers mail", "model": ["gpt-*"]}


def test_good_values_become_a_command() -> None:
    assert read_command(EnrollAgent, GOOD).model == ("gpt-*",)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("owner", "alice", "owner has to be an e-mail address"),
        ("owner", "a@b\n", "owner holds characters"),
        ("owner", "a b@example.com", "an e-mail address"),
        ("purpose", "", "purpose has to be one line"),
        ("purpose", "x" * 401, "purpose has to be one line"),
        ("purpose", "a\x1b[2Jb", "purpose holds characters"),
        ("purpose", "a\u202eb", "purpose holds characters"),
        ("purpose", "a\ud800b", "purpose holds characters"),
        ("model", [], "model"),
        ("model", ["gpt 4"], "model has to be the name of a model"),
        ("model", ["gpt-4\r"], "model holds characters"),
        ("name", "Bot", "name has to be at most 40 lower-case letters"),
        ("name", "a--b", "name has to be"),
        ("name", "a\n", "name holds characters"),
        ("key_life_seconds", 5, "key_life_seconds has to be at least a minute"),
        ("key_life_seconds", "5", "key_life_seconds"),
        ("colour", "red", "unknown field `colour`"),
    ],
)
def test_a_wrong_value_is_named_in_words(field: str, value: object, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_command(EnrollAgent, {**GOOD, field: value})
    assert words in caught.value.detail


def test_a_missing_value_is_named() -> None:
    with pytest.raises(Invalid, match="purpose is missing"):
        read_command(EnrollAgent, {"owner": "a@b", "model": ["x"]})


def test_a_grace_is_seven_days_at_most() -> None:
    week = 7 * 24 * 3600
    assert read_command(RotateKey, {"agent": "a", "grace_seconds": week}).grace_seconds == week
    with pytest.raises(Invalid, match="seven days"):
        read_command(RotateKey, {"agent": "a", "grace_seconds": week + 1})


def test_a_secret_is_never_taken_from_plain_text() -> None:
    """An API that put a credential into JSON would have it in logs before it got here."""
    with pytest.raises(Invalid):
        read_command(AddProvider, {"provider": "openai", "key": "sk-canary"})
    assert read_command(AddProvider, {"provider": "openai", "key": Secret("sk")}).key == Secret(
        "sk"
    )


@pytest.mark.parametrize("text", ["Zoë Müller", "山田", "می‌خواهم", "👩‍🔬", "a b", ""])
def test_text_of_all_languages_is_plain(text: str) -> None:
    assert is_plain(text)
