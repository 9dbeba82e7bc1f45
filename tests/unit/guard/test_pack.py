"""Rules are read strictly: what an engine reads in another way, or nobody wrote, is refused."""

import pytest

from gatebook.core.errors import Misconfigured
from gatebook.guard.checks import CHECKS
from gatebook.guard.data import data_in
from gatebook.guard.pack import Pack, check_pattern, digest_of, read_pack, whole
from tests.guard import engine_of

RULE = """
says = "A key of Acme."
class = "secret"
find = ['[a-f]{8}']
source = "test"
hits = ["a", "b", "c"]
misses = ["d", "e", "f"]
"""


def test_each_check_that_a_detector_names_exists_and_each_is_named(pack: Pack) -> None:
    assert {rule.check for rule in pack.detectors.values()} - {""} == set(CHECKS)


def test_no_two_detectors_have_the_same_case(pack: Pack) -> None:
    hits = [case for rule in pack.detectors.values() for case in rule.hits]
    assert sorted(hits) == sorted(set(hits))


def test_a_made_up_secret_does_not_stand_in_one_piece(pack: Pack) -> None:
    """Scanners of those who host this repository would take it for one that leaked."""
    unbroken = [
        (name, case)
        for name, rule in pack.detectors.items()
        for case in rule.hits
        if rule.data_class == "secret" and whole(case) == case
    ]
    assert unbroken == []


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "(?s)a.b", r"[\s\S]*", "naïve", "(?P=value)"]
)
def test_what_not_both_engines_read_alike_is_refused(pattern: str) -> None:
    with pytest.raises(Misconfigured, match="not both engines"):
        check_pattern("rule", pattern)


@pytest.mark.parametrize(
    "text", [RULE + "more = 1\n", RULE.replace('"a", ', ""), "no toml", RULE + "score = 2\n"]
)
def test_a_file_with_too_much_or_too_little_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"acme\.toml"):
        read_pack({"detectors/acme.toml": text})


def test_a_check_has_to_exist() -> None:
    with pytest.raises(Misconfigured, match="does not exist"):
        read_pack({"detectors/acme.toml": RULE + 'check = "guess"\n'})


def test_a_name_is_one_of_a_rule() -> None:
    with pytest.raises(Misconfigured, match="no name"):
        read_pack({"detectors/Acme Key.toml": RULE})


def test_named_finds_only_what_is_given_to_a_name_with_it_in_it() -> None:
    pack = read_pack({"detectors/acme.toml": RULE + "named = 'acme'\n"})
    (pattern,) = pack.patterns
    assert "acme" in pattern.text
    assert pattern.herald == pattern.text


def test_a_word_also_begins_behind_an_end_of_a_line_that_is_escaped() -> None:
    pack = read_pack({"detectors/acme.toml": RULE.replace("[a-f]{8}", r"\b[a-f]{8}")})
    (found,) = data_in(pack, engine_of(pack), r'{"log": "{\"env\": \"\nabcdefab\"}"}').found
    assert (found.end - found.start, found.sample) == (8, "ab…")


def test_words_near_herald_a_pattern() -> None:
    pack = read_pack({"detectors/acme.toml": RULE + 'near = ["acme", "clé"]\n'})
    (pattern,) = pack.patterns
    assert pattern.text == "[a-f]{8}"
    assert pattern.herald == (r"(?i:(?:\b|_)(?:acme)s?(?:\b|_))|CL\xc3\x89|Cl\xc3\xa9|cl\xc3\xa9")


def test_a_herald_of_its_own_goes_before_the_words_near() -> None:
    rule = RULE + "herald = '[a-f]{4}'\n" + 'near = ["acme"]\n'
    (pattern,) = read_pack({"detectors/acme.toml": rule}).patterns
    assert pattern.herald == "[a-f]{4}"


def test_the_digest_is_another_when_a_file_or_its_name_is() -> None:
    digests = {digest_of(files) for files in ({"a": "b"}, {"a": "c"}, {"b": "b"})}
    assert len(digests) == 3
