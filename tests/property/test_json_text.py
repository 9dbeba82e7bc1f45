"""Editing one member of an object leaves every other byte as it was, whatever the object."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec import Raw

from gatebook.core.errors import Invalid
from gatebook.core.json_text import (
    check,
    check_unique,
    members,
    objects,
    replaced,
    with_first,
    with_member,
)
from gatebook.formats import Call, Terms
from gatebook.formats.chat import ACTED_ON
from gatebook.providers.openai import CHAT

names = st.text(max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
# Names that differ in case only are refused; what is made here is not.
things = st.lists(
    st.tuples(names, values), max_size=6, unique_by=lambda member: member[0].casefold()
).map(dict)
spaces = st.text(alphabet=" \t\r\n", max_size=3)
styles = st.tuples(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]), st.booleans())


def read(body: bytes) -> Call:
    """A call as it leaves where nothing is limited."""
    call = CHAT.format.read(Call(operation=CHAT, path=CHAT.path, body=body))
    return CHAT.format.fitted(call, Terms())


def written(value: Any, style: tuple[tuple[str, str], bool]) -> bytes:
    separators, ascii_only = style
    return json.dumps(value, separators=separators, ensure_ascii=ascii_only).encode()


@given(value=things, style=styles, before=spaces, after=spaces)
def test_every_member_is_found_where_it_stands(
    value: dict[str, Any], style: Any, before: str, after: str
) -> None:
    text = before.encode() + written(value, style) + after.encode()
    check(text)
    check_unique(text, ())
    found = members(text)
    assert {name: json.loads(text[span.start : span.end]) for name, span in found.items()} == value


@given(value=things.filter(bool), new=values, style=styles, data=st.data())
def test_replacing_a_value_changes_nothing_else(
    value: dict[str, Any], new: Any, style: Any, data: st.DataObject
) -> None:
    text = written(value, style)
    name = data.draw(st.sampled_from(sorted(value)))
    span = members(text)[name]
    changed = replaced(text, span, written(new, style))
    assert json.loads(changed) == {**value, name: new}
    assert changed.startswith(text[: span.start])
    assert changed.endswith(text[span.end :])


@given(value=things, name=names, new=values, style=styles)
def test_a_member_is_set_in_its_place_or_put_before_all_others(
    value: dict[str, Any], name: str, new: Any, style: Any
) -> None:
    plain = name.encode("ascii", "ignore").decode()
    name = "".join([letter for letter in plain if letter.isprintable() and letter not in '"\\'])
    changed = with_member(written(value, style), name, written(new, style))
    assert json.loads(changed) == {**value, name: new}
    check_unique(changed, ())


@given(value=st.lists(things, max_size=4), style=styles)
def test_the_objects_of_an_array_are_read_as_each_alone(value: list[Any], style: Any) -> None:
    text = Raw(written(value, style))
    read = [
        {name: json.loads(bytes(raw)) for name, raw in each.items()} for each in objects(text, ())
    ]
    assert read == value


@given(value=st.lists(things, max_size=3), one=things.filter(bool), style=styles, data=st.data())
def test_a_member_that_appears_twice_in_an_object_of_an_array_is_seen(
    value: list[Any], one: dict[str, Any], style: Any, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(one)))
    key = data.draw(st.sampled_from([json.dumps(name), _spelled_out(name)]))
    twice = with_first(written(one, style), f"{key}:7".encode())
    items = [written(each, style) for each in value]
    items.insert(data.draw(st.integers(0, len(items))), twice)
    with pytest.raises(Invalid, match="twice"):
        objects(Raw(b"[" + b",".join(items) + b"]"), ())


@given(value=things, style=styles)
def test_a_member_put_first_comes_before_all_that_was_there(value: Any, style: Any) -> None:
    text = written(value, style)
    changed = with_first(text, b'"\\u0000new":1')
    assert json.loads(changed) == {"\0new": 1, **value}
    assert changed.endswith(text[1:])


@given(value=things.filter(bool), style=styles, data=st.data())
def test_a_member_that_appears_twice_is_seen_wherever_it_stands(
    value: dict[str, Any], style: Any, data: st.DataObject
) -> None:
    """Also with the same value, and with another spelling of its name."""
    name = data.draw(st.sampled_from(sorted(value)))
    again = data.draw(st.sampled_from([value[name], None, 7]))
    key = data.draw(st.sampled_from([json.dumps(name), _spelled_out(name)]))
    member = f"{key}:{json.dumps(again)}".encode()
    text = written(value, style)
    first = with_first(text, member)
    last = text.rstrip()[:-1] + b"," + member + b"}"
    for twice in (first, last):
        with pytest.raises(Invalid, match="twice"):
            members(twice)
        with pytest.raises(Invalid, match="twice"):
            check_unique(twice, ())


def _spelled_out(name: str) -> str:
    units = name.encode("utf-16-be")
    escaped = [f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2)]
    return f'"{"".join(escaped)}"'


def _other_cases(name: str) -> list[str]:
    """All other names that a reader without regard to case takes for this one, as Go's does."""
    more = {"s": "sS\u017f", "k": "kK\u212a"}
    letters = [more.get(letter, letter + letter.upper()) for letter in name]
    return ["".join(chosen) for chosen in product(*letters)][1:]


@given(
    value=things,
    name=st.sampled_from([*_other_cases("model"), *_other_cases("stream")]),
    streams=st.booleans(),
    style=styles,
)
def test_no_reader_finds_another_model_or_stream_than_we_do(
    value: dict[str, Any], name: str, streams: bool, style: Any
) -> None:
    kept = {name: inner for name, inner in value.items() if name.casefold() not in ACTED_ON}
    text = written({**kept, "model": "gpt-4o", "stream": streams}, style)
    member = f'{json.dumps(name)}:"o4-mini"'.encode()
    for body in (with_first(text, member), text[:-1] + b"," + member + b"}"):
        with pytest.raises(Invalid) as caught:
            read(body)
        assert caught.value.code == "json_member_case"


# Members that nobody knows are named if they may ask for something, which takes a name.
others_of_chat = st.dictionaries(
    st.from_regex(r"x-[a-z0-9]{1,8}", fullmatch=True),
    values,
    max_size=6,
)
options = st.none() | st.dictionaries(
    st.sampled_from(["include_usage", "include_obfuscation", "x"]), st.none() | st.booleans()
)


@given(others=others_of_chat, asked=options, has_options=st.booleans(), style=styles)
def test_asking_for_usage_keeps_every_other_byte(
    others: dict[str, Any], asked: Any, has_options: bool, style: Any
) -> None:
    body: dict[str, Any] = {
        **others,
        "model": "gpt-4o",
        "stream": True,
    }
    if has_options:
        body["stream_options"] = asked
    text = written(body, style)
    call = read(text)
    options_sent = asked if has_options and asked else {}
    expected = {**body, "stream_options": {**options_sent, "include_usage": True}}
    assert json.loads(call.body) == expected
    asks_already = has_options and bool(asked) and asked.get("include_usage") is True
    assert call.hides_usage is not asks_already
    if not has_options:
        assert call.body.endswith(text[1:])
        assert len(call.body) == len(text) + len(b'"stream_options":{"include_usage":true},')
    elif asks_already:
        assert call.body == text
    else:
        span = members(text)["stream_options"]
        assert call.body.startswith(text[: span.start])
        assert call.body.endswith(text[span.end :])


@given(others=others_of_chat, style=styles)
def test_a_call_that_is_not_streamed_leaves_as_it_came(others: Any, style: Any) -> None:
    text = written({**others, "model": "gpt-4o"}, style)
    assert read(text).body == text


@given(text=st.binary(max_size=200))
def test_whatever_the_bytes_they_are_read_or_refused(text: bytes) -> None:
    try:
        check(text)
        found = members(text)
    except Invalid:
        return
    assert {name: json.loads(text[at.start : at.end]) for name, at in found.items()} == json.loads(
        text
    )
