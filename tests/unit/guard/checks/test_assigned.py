"""Names say what a value is, and how a program gets it says that it is none."""

import pytest

from gatebook.guard.checks import assigned
from gatebook.guard.checks.candidate import Candidate

KEY = "k9TxQ2LmQ8vR4wZ7pB1nYf3D"
UUID = "f9ce07a7-9107-40bd-b367-edba22368351"
DIGEST = "4c3fdfc5958946410a77814ad1728606"


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ('api_key = "', KEY),
        ('"clientSecret": "', KEY),
        ("ACME_TOKEN=", UUID),
        ("signing_key: ", DIGEST),
        ("password or not, secret=", KEY),
    ],
)
def test_random_characters_under_a_name_of_a_secret(before: str, value: str) -> None:
    assert assigned.secret(Candidate(value, before, '"'))


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('public_key = "', KEY, '"'),
        ('"nextPageToken": "', KEY, '"'),
        ('cache_key = "', DIGEST, '"'),
        ('row_key="', UUID, '"'),
        ("map_key=", DIGEST, ""),
        ("token = ", "settings.SECRET_KEY2", ""),
        ("secret: ", "MLDSA44PrivateKey", " | None"),
        ("token = ", "create_Token4Tests2x", "()"),
        ('key = "', "sha256-" + KEY, '"'),
    ],
)
def test_other_names_and_expressions_of_programs(before: str, value: str, after: str) -> None:
    assert not assigned.secret(Candidate(value, before, after))


def test_a_digest_is_a_secret_where_the_key_is_to_something() -> None:
    assert assigned.secret(Candidate(DIGEST, "api_key=", ""))
    assert not assigned.secret(Candidate(DIGEST, "object_key=", ""))


def test_a_service_names_what_is_given_to_a_secret_of_its() -> None:
    assert assigned.keyed(Candidate(DIGEST, "datadog_api_key=", ""))
    assert not assigned.keyed(Candidate(DIGEST, "datadog_build=", ""))
    assert not assigned.keyed(Candidate("x" * 32, "datadog_api_key=", ""))


@pytest.mark.parametrize("value", ["tr0ub4dor&3", "hunter2", "Xq9#LmV2t", "P@ssw0rt!"])
def test_a_password_mixes_kinds_of_characters(value: str) -> None:
    assert assigned.password(Candidate(value, 'password = "', '"'))


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("required", 'password = "'),
        ("new-password", 'password = "'),
        ("self.db_password2", "password = "),
        ("${DB_PASSWORD}", "password="),
        ("$DB_PASSWORD1", "password="),
        ("changeme123", "password="),
        ("argon2id-v19", 'password_hash = "'),
    ],
)
def test_words_variables_and_algorithms_are_no_passwords(value: str, before: str) -> None:
    assert not assigned.password(Candidate(value, before, ""))


def test_a_sentence_gives_only_what_is_beyond_doubt() -> None:
    assert assigned.spoken(Candidate(KEY, "the key is ", "."))
    assert not assigned.spoken(Candidate(UUID, "the token is ", "."))
    assert not assigned.spoken(Candidate("gpt-4o-2024-08-06-preview", "tokens of ", "."))
    assert not assigned.spoken(Candidate(KEY, "the public key is ", "."))


@pytest.mark.parametrize("value", ["hunter42", "Gr4nite!77,", "vbn-2alj-pi729", "Welcome5685#"])
def test_a_sentence_gives_a_password(value: str) -> None:
    assert assigned.spoken_password(Candidate(value, "the password is ", " "))


@pytest.mark.parametrize(
    "value",
    ["required", "RFC8446", "https://x.org/r2d2x9", "prod-2024-password", "password1", "a1"],
)
def test_a_sentence_gives_a_term_an_address_or_a_name(value: str) -> None:
    assert not assigned.spoken_password(Candidate(value, "the password is ", " "))


def test_a_prefix_may_say_that_a_key_is_for_everybody() -> None:
    assert assigned.prefixed(Candidate("acme_live_" + KEY, "", ""))
    assert not assigned.prefixed(Candidate("pk_live_" + KEY, "", ""))


def test_the_password_of_an_address_is_not_the_word_for_it() -> None:
    assert assigned.url_password(Candidate("q8Vtr2mZ", "postgres://app:", "@db"))
    assert not assigned.url_password(Candidate("password", "postgres://user:", "@db"))
    assert not assigned.url_password(Candidate("${PW}", "postgres://user:", "@db"))
    assert not assigned.url_password(Candidate("var.password,", "password=", ""))
