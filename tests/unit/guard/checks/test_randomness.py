"""Random characters, words, and what stands for a secret."""

import pytest

from gatebook.guard.checks import randomness
from gatebook.guard.checks.candidate import Candidate

RANDOM = [
    "k9TxQ2LmQ8vR4wZ7pB1nY",
    "4c3fdfc5958946410a77814ad1728606",
    "wnPYIgoUmPklULYQVmCicmAt",
    "y8PEZ2Ai37MBoQIYWD2jZ1a7BmScVUbHte3xJitZ",
]
CHOSEN = [
    "NextPartNumberMarker",
    "BetaBrowserKeyToolUseBlock",
    "customer_account_identifier_v2",
    "bert-base-uncased-finetuned",
    "PROJECT_WIDE_SETTINGS",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
]


@pytest.mark.parametrize("value", RANDOM)
def test_what_nobody_chose_is_random(value: str) -> None:
    assert randomness.random(Candidate(value, "", ""))


@pytest.mark.parametrize("value", CHOSEN)
def test_what_somebody_wrote_is_not(value: str) -> None:
    assert not randomness.random(Candidate(value, "", ""))


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "xxxxxxxxxxxx",
        "<your key>",
        "${TOKEN}",
        "sk-1234567890",
        "abcdefghij",
    ],
)
def test_what_stands_for_a_secret_is_none(value: str) -> None:
    assert randomness.stands_for(value)


def test_digests_and_uuids_are_known() -> None:
    assert randomness.is_digest("da39a3ee5e6b4b0d3255bfef95601890afd80709")
    assert not randomness.is_digest("da39a3ee5e6b4b0d3255bfef95601890afd8070")
    assert randomness.is_uuid("f9ce07a7-9107-40bd-b367-edba22368351")
    assert not randomness.is_uuid("f9ce07a7-9107-40bd-b367-edba2236835z")


def test_entropy_is_of_characters() -> None:
    assert randomness.entropy("aaaa") == 0
    assert randomness.entropy("abcd") == 2
