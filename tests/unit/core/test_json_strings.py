"""Strings are numbered as they stand in the text, and can be changed and named by their number."""

import json

import pytest

from gatebook.core.json_strings import WHOLE, containers, count, place_of, rewritten

CHAT = json.dumps(
    {
        "model": "m",
        "messages": [
            {"content": [{"text": "hi"}]},
            {"tool_calls": [{"function": {"arguments": '{"to": ["a", "b"]}'}}]},
        ],
    }
).encode()


@pytest.mark.parametrize(
    ("text", "strings", "nested"),
    [
        (b"{}", 0, 1),
        (b'"a"', 1, 0),
        (rb'{"a\"[": "\\", "b": ["\\\"{", "\"", ""]}', 6, 2),
        (rb'["\\\\\"]", [1]]', 1, 2),
    ],
)
def test_quotes_and_brackets_in_strings_do_not_count(
    text: bytes, strings: int, nested: int
) -> None:
    json.loads(text)
    assert (count(text), containers(text)) == (strings, nested)


def test_what_is_put_in_is_valid_whatever_it_holds_and_all_else_keeps_its_bytes() -> None:
    text = rb'{ "a" : "\u0041",' + b'\n"b":["x" , 1.50, "z"]}'
    changed = rewritten(text, {(3, WHOLE): 'q"\\\n\u2028\ud800', (1, WHOLE): ""})
    assert changed == b'{ "a" : "",' + b'\n"b":["q\\"\\\\\\n\xe2\x80\xa8\xef\xbf\xbd" , 1.50, "z"]}'


def test_a_name_can_be_changed_like_a_value() -> None:
    assert rewritten(b'{"a":"b"}', {(0, WHOLE): "c"}) == b'{"c":"b"}'


def test_strings_in_a_string_are_changed_and_it_is_written_as_json_again() -> None:
    changed = json.loads(rewritten(CHAT, {(9, 2): '"', (9, 0): "for"}))
    arguments = changed["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{"for": ["a", "\\""]}'


def test_a_string_as_a_whole_goes_before_what_is_in_it() -> None:
    changed = json.loads(rewritten(CHAT, {(9, 2): "x", (9, WHOLE): "{}"}))
    assert changed["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    ("at", "inner", "place"),
    [
        (1, WHOLE, "model"),
        (5, WHOLE, "messages[0].content[0].text"),
        (9, WHOLE, "messages[1].tool_calls[0].function.arguments"),
        (9, 2, "messages[1].tool_calls[0].function.arguments: to[1]"),
        (9, 0, "messages[1].tool_calls[0].function.arguments: *"),
        (99, WHOLE, ""),
    ],
)
def test_a_place_is_told_by_the_number(at: int, inner: int, place: str) -> None:
    assert place_of(CHAT, at, inner) == place


def test_names_that_may_be_somebodys_own_words_are_not_told() -> None:
    text = b'{"AKIA0123": {"b": "x"}, "two words": "y", "tail": "z"}'
    assert place_of(text, 0) == "*"
    assert place_of(text, 2) == "*.b"
    assert place_of(text, 4) == "*"
    assert place_of(text, 6) == "tail"
