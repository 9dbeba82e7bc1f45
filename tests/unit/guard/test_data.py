"""Every detector finds what it is for, and nothing that only looks like it."""

import pytest

from gatebook.guard.data import Found, data_in
from gatebook.guard.engine import Engine
from gatebook.guard.pack import Pack, read_pack, whole
from tests.guard import engine_of, rules

DETECTORS = rules().detectors

MAIL = """
says = "An address."
class = "personal"
find = ['[a-z]+@[a-z]+']
source = "test"
hits = ["a@b", "a@c", "a@d"]
misses = ["a", "b", "c"]
"""
LONG = MAIL.replace("[a-z]+@[a-z]+", "[a-z]+@[a-z]+ ok")
NEAR = MAIL + 'near = ["lic"]\n'


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_finds_each_of_its_hits(pack: Pack, engine: Engine, name: str) -> None:
    missed = [
        case
        for case in DETECTORS[name].hits
        if name not in _finders(data_in(pack, engine, whole(case)).found)
    ]
    assert missed == []


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_finds_none_of_its_misses(pack: Pack, engine: Engine, name: str) -> None:
    wrong = [
        case
        for case in DETECTORS[name].misses
        if name in _finders(data_in(pack, engine, whole(case)).found)
    ]
    assert wrong == []


def test_there_are_as_many_detectors_as_are_promised() -> None:
    """Rules that vanish are noticed; the page of reference lists them one by one."""
    secrets = [name for name, rule in DETECTORS.items() if rule.data_class == "secret"]
    assert len(secrets) >= 270
    assert len(DETECTORS) >= 325


def test_places_are_in_characters_whatever_stands_before() -> None:
    text = "שלום, 名前 😀 \ud800 anna@example and bo@example"
    found = _found({"mail": MAIL}, text)
    assert [text[each.start : each.end] for each in found] == ["anna@example", "bo@example"]


def test_of_two_that_overlap_the_surer_is_told_then_the_longer() -> None:
    sure, unsure = LONG, MAIL.replace('source = "test"', 'source = "test"\nscore = 0.5')
    assert [each.detector for each in _found({"a": MAIL, "b": sure}, "x@y ok")] == ["b"]
    assert [each.detector for each in _found({"a": unsure, "b": MAIL}, "x@y")] == ["b"]
    assert [each.detector for each in _found({"a": MAIL, "b": unsure}, "x@y")] == ["a"]


@pytest.mark.parametrize(
    ("text", "is_near"),
    [
        ("lic a@b", True),
        ("a@b my LIC", True),
        ("my_lic = a@b", True),
        ("lics: a@b", True),
        ("public a@b", False),
        ("license a@b", False),
        ("lic " + "-" * 80 + " a@b", False),
    ],
)
def test_a_word_is_near_as_a_word_and_not_as_a_part_of_one(text: str, is_near: bool) -> None:
    assert bool(_found({"mail": NEAR}, text)) == is_near


@pytest.mark.parametrize("text", ["3.735905851140024", "735905851140024.5"])
def test_the_digits_of_a_decimal_are_no_number_of_anything(
    pack: Pack, engine: Engine, text: str
) -> None:
    assert [each.detector for each in data_in(pack, engine, "735905851140024").found]
    assert data_in(pack, engine, text).found == []


def test_a_sample_shows_less_than_is_needed_to_use_it() -> None:
    (found,) = _found({"mail": MAIL}, "anna@example")
    assert found.sample == "ann…"


def test_more_candidates_than_are_looked_at_are_admitted() -> None:
    pack = read_pack({"detectors/mail.toml": MAIL})
    seen = data_in(pack, engine_of(pack), "a@b " * 1_001)
    assert seen.unfinished == ("mail",)
    assert len(seen.found) == 1_000
    assert data_in(pack, engine_of(pack), "a@b " * 1_000).unfinished == ()


def test_all_detectors_together_look_at_so_many_candidates() -> None:
    pack = read_pack({f"detectors/mail_{number}.toml": MAIL for number in range(5)})
    seen = data_in(pack, engine_of(pack), "a@b " * 1_000)
    assert len(seen.unfinished) == 1


def _finders(found: list[Found]) -> list[str]:
    return [each.detector for each in found]


def _found(rules: dict[str, str], text: str) -> list[Found]:
    pack = read_pack({f"detectors/{name * 3}.toml": rule for name, rule in rules.items()})
    found = data_in(pack, engine_of(pack), text).found
    return [each._replace(detector=each.detector[: len(each.detector) // 3]) for each in found]
