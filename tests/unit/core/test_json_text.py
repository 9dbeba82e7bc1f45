"""What two readers could understand differently is refused before anybody acts on it."""

import time
from functools import partial

import pytest
from msgspec import Raw

from gatebook.core.errors import Invalid
from gatebook.core.json_text import (
    MAX_DEPTH,
    MAX_MEMBERS,
    Span,
    begins,
    check,
    check_case,
    check_unique,
    is_set,
    members,
    objects,
    objects_in,
    text_of,
    tree,
    with_first,
)


def code_of(text: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        check(text)
    return caught.value.code


def test_bad_utf_8_is_refused_and_the_place_is_named() -> None:
    with pytest.raises(Invalid, match="byte 6") as caught:
        check(b'{"a":"\xff"}')
    assert caught.value.code == "json_utf8"


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_counted_outside_of_strings_only(pair: tuple[bytes, bytes]) -> None:
    first, last = pair
    check(first * MAX_DEPTH + b"1" + last * MAX_DEPTH)
    check(b'{"text":"' + first.replace(b'"', b'\\"') * 1000 + b'"}')
    assert code_of(first * (MAX_DEPTH + 1) + b"1" + last * (MAX_DEPTH + 1)) == "json_too_deep"
    assert code_of(first * 10_000) == "json_too_deep"


def test_escaped_quotes_do_not_end_a_string() -> None:
    check(b'{"a":"\\"' + b"[" * 1000 + b'","b":"\\\\"}')
    assert code_of(b'{"a":"\\\\",' + b'"b":' + b"[" * 1000) == "json_too_deep"


def test_members_of_the_object_itself_are_limited_and_those_within_are_not() -> None:
    inner = b"[" + b",".join([b'{"a":1,"b":2}'] * MAX_MEMBERS) + b"]"
    check(b'{"messages":' + inner + b"}")
    many = b",".join([b'"k%d":1' % number for number in range(MAX_MEMBERS + 1)])
    with pytest.raises(Invalid) as caught:
        check_unique(b"{" + many + b"}", ())
    assert caught.value.code == "json_too_many_members"


@pytest.mark.parametrize("text", [b'"' + b"a" * 2_000_000, b'["\\' + b'a"' * 1_000_000])
def test_an_unterminated_string_takes_no_quadratic_time(text: bytes) -> None:
    began = time.perf_counter()
    check(b"[]" * (MAX_DEPTH + 1) + b"]" + text)
    assert time.perf_counter() - began < 2


def test_many_brackets_that_are_not_deep_are_no_matter() -> None:
    check(b"[" + b",".join([b"[{}]"] * 20_000) + b"]")
    deep = b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
    assert code_of(b"[" + b",".join([b"[{}]"] * 20_000) + b"," + deep + b"]") == "json_too_deep"


def test_the_objects_of_an_array_are_given_and_nothing_else_is_taken_for_one() -> None:
    assert objects(None, ()) == objects(Raw(b"null"), ()) == objects(Raw(b"[]"), ()) == []
    assert objects(Raw(b'[{"a":1},{}, {"b" : [2]}]'), ()) == [
        {"a": Raw(b"1")},
        {},
        {"b": Raw(b"[2]")},
    ]
    for text in (b"1", b"{}", b"[1]", b'[{"a":1},null]', b"false"):
        with pytest.raises(Invalid) as caught:
            objects(Raw(text), ())
        assert caught.value.code == "invalid_value"


def test_the_objects_of_several_arrays_are_read_at_one_go() -> None:
    given = [b'[{"a":1}]', b'"text"', b"null", b"[ ]", b'[ {"b":2},{} ]']
    found = objects_in([None, *map(Raw, given)], ())
    assert found == [{"a": Raw(b"1")}, {"b": Raw(b"2")}, {}]
    assert objects_in([Raw(b'"text"')], ()) == objects_in([], ()) == []
    for text in (b"1", b'{"a":1}', b"[1]", b"true"):
        with pytest.raises(Invalid) as caught:
            objects_in([Raw(b'[{"a":1}]'), Raw(text)], ())
        assert caught.value.code == "invalid_value"
    for text in (b'[{"a":1,"a":2}]', b'[{"a":1,"A":2}]'):
        with pytest.raises(Invalid):
            objects_in([Raw(b'[{"b" : 1}]'), Raw(text)], ())


def test_case_counts_within_one_object_and_for_names_acted_on() -> None:
    objects(Raw(b'[{"a":1},{"A":1}]'), ("type",))
    for text in (b'[{"b":1},{"a":1,"A":1}]', b'[{"Type":1}]'):
        with pytest.raises(Invalid) as caught:
            objects(Raw(text), ("type",))
        assert caught.value.code == "json_member_case"


def test_a_value_that_should_be_text_is_text_or_missing() -> None:
    assert text_of(Raw(b'"a\\u0062"')) == "ab"
    assert text_of(None) == text_of(Raw(b"null")) == ""
    with pytest.raises(Invalid):
        text_of(Raw(b"1"))


@pytest.mark.parametrize(
    ("value", "is_so"),
    [(b"null", False), (b"false", False), (b"[]", False), (b"{}", True), (b"0", True)],
)
def test_a_member_asks_for_something_unless_it_is_plainly_off(value: bytes, is_so: bool) -> None:
    assert is_set(Raw(value)) is is_so
    assert not is_set(None)
    assert begins(Raw(value), value[:1])
    assert not begins(None, b"n")


def test_a_value_is_found_with_white_space_around_it() -> None:
    assert members(b' { "a" : [1, 2]\n,"b":null } ') == {"a": Span(9, 15), "b": Span(21, 25)}


def test_the_empty_object_has_no_members_and_takes_a_first_one() -> None:
    assert members(b"{ }") == {}
    check_unique(b"{}", ())
    assert with_first(b"{ }", b'"a":1') == b'{"a":1 }'


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":12,"a":1}',
        b'{"a":1,"a":12}',
        b'{"a":"x","a":"x"}',
    ],
)
def test_a_second_member_of_the_same_name_is_refused(text: bytes) -> None:
    for reader in (members, partial(check_unique, acted_on=())):
        with pytest.raises(Invalid) as caught:
            reader(text)
        assert caught.value.code == "json_duplicate_member"


@pytest.mark.parametrize(
    "names", [["a", "A"], ["Ab", "x", "aB"], ["s", "\u017f"], ["K", "\u212a"], ["ß", "SS"]]
)
def test_names_that_differ_only_in_case_are_refused(names: list[str]) -> None:
    with pytest.raises(Invalid, match="differ only in case") as caught:
        check_case(names, ())
    assert caught.value.code == "json_member_case"


@pytest.mark.parametrize("name", ["Stream", "STREAM", "\u017ftream", "ﬆream"])
def test_a_name_acted_on_is_written_as_it_is_or_not_at_all(name: str) -> None:
    with pytest.raises(Invalid, match="Write it as stream") as caught:
        check_case([name], ("stream",))
    assert caught.value.code == "json_member_case"


def test_case_in_a_name_of_its_own_is_nobodys_business() -> None:
    check_case(["stream", "topK", "X"], ("stream",))
    check_unique(b'{"stream":true,"topK":1,"inner":{"a":1,"A":2}}', ("stream",))


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b'{"a":1', b'{"a":01}', b'{"a":NaN}', b"{,}"])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        members(text)
    assert caught.value.code in {"json_malformed", "invalid_value"}


def test_a_tree_is_what_the_text_says() -> None:
    text = b'{"a":[{"b":1.5,"c":"\\u0064"},null,true],"e":{}}'
    assert tree(text) == {"a": [{"b": 1.5, "c": "d"}, None, True], "e": {}}


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"x":[{"y":{"a":1,"b":2,"a":1}}]}',
        b'{"x":{"a":1,"\\u0061":2}}',
        b'{"x":{"":1,"":2}}',
    ],
)
def test_in_a_tree_no_object_has_a_name_twice(text: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        tree(text)
    assert caught.value.code == "json_duplicate_member"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[]", "invalid_value"),
        (b"1", "invalid_value"),
        (b"", "json_malformed"),
        (b'{"a":NaN}', "json_malformed"),
        (b'{"a":-Infinity}', "json_malformed"),
        (b'{"a":01}', "json_malformed"),
        (b'{"a":1}x', "json_malformed"),
        (b'\xef\xbb\xbf{"a":1}', "json_malformed"),
        (b'{"a":"\xff"}', "json_malformed"),
        (b'{"a":' + b"9" * 5000 + b"}", "json_malformed"),
        (b'{"a":' * 100_000, "json_malformed"),
    ],
)
def test_a_tree_of_what_is_no_json_object_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        tree(text)
    assert caught.value.code == code
