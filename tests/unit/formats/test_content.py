"""What the walk makes of rules: who says what, what nobody sees, and what cannot be read."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid
from gatebook.formats.content import MAX_VALUES, TEXT, Blind, Rule, Span, content

_PART = Rule(
    by=("type",),
    kinds={"result": "tool", "sealed": Rule("system", members={"data": Rule(how="sealed")})},
    members={"parts": "", "text": TEXT, "answer": "tool", "data": Rule(how="data")},
)
RULE = Rule(
    "other",
    members={
        "said": _PART.of("other", by="role", kinds={"user": "user", "assistant": "assistant"}),
        "arguments": Rule("arguments", "json"),
        "tokens": Rule("user", "tokens"),
        "image": Rule("user", "link", kind="image"),
        "data": Rule("user", "data"),
        "file": Rule("user", "held"),
    },
)


def read(**body: Any) -> tuple[list[tuple[Any, ...]], list[Blind]]:
    found = content(json.dumps(body).encode(), RULE)
    return [span[:2] for span in found.spans], found.blind


def test_an_origin_holds_for_all_below_until_a_rule_or_a_kind_says_another() -> None:
    spans, _ = read(
        said=[
            {
                "role": "user",
                "text": "a",
                "parts": [{"text": "b"}, {"type": "result", "text": "c"}],
            },
            {"role": "assistant", "answer": {"parts": {"text": "d"}}, "text": {"any": "e"}},
            {"role": ["user"], "text": "f"},
        ]
    )
    said = dict(spans)
    assert {each: said[each] for each in "abcdef"} == {
        "a": "user",
        "b": "user",
        "c": "tool",
        "d": "tool",
        "e": "assistant",
        "f": "other",
    }


def test_a_kind_can_have_a_rule_of_its_own() -> None:
    spans, blind = read(said={"role": "user", "type": "sealed", "data": "hi"})
    assert [part[:2] for part in blind] == [("encrypted", "system")]
    assert spans == [("sealed", "other")]


def test_what_no_rule_knows_is_a_span_of_another_origin_its_name_too() -> None:
    assert read(strange={"stranger": ["a"]})[0] == [
        ("strange", "other"),
        ("stranger", "other"),
        ("a", "other"),
    ]


def test_words_of_the_vendors_are_left_out_where_words_are_due_and_nowhere_else() -> None:
    spans, _ = read(type="function", role="user", user="user", status="my own", text="")
    assert spans == [("user", "other"), ("my own", "other")]


def test_strings_of_json_in_a_string_are_spans_with_its_number_and_their_own() -> None:
    body = (
        rb'{"arguments": "{\"\\u0061b\": [\"x\", 1, \"\\u0073ecret\"], \"id\": 4111111111111111}"}'
    )
    assert content(body, RULE).spans == [
        Span("ab", "arguments", 1, 0),
        Span("x", "arguments", 1, 1),
        Span("secret", "arguments", 1, 2),
        Span("4111111111111111", "arguments", 1, 3, is_fixed=True),
    ]


@pytest.mark.parametrize("text", ['{"a":', '{"a":"x","a":"y"}', "[1]", "plain", "[" * 9999])
def test_a_string_that_is_no_json_to_be_read_in_one_way_is_a_span_as_it_stands(text: str) -> None:
    assert read(arguments=text)[0] == [(text, "arguments")]


def test_numbers_of_tokens_are_told_once_for_each_text() -> None:
    assert read(tokens=[[1, 2], [3], "hi"]) == (
        [("hi", "user")],
        [Blind("tokens", "user", 0, 2), Blind("tokens", "user", 0, 1)],
    )


def test_large_numbers_are_texts_that_cannot_be_changed() -> None:
    body = b'{"said": {"text": [123456, -41111111, true, 1.5, {"id": 41111111}]}}'
    assert [span for span in content(body, RULE).spans if span.is_fixed] == [
        Span("-41111111", "other", 1, is_fixed=True),
        Span("41111111", "other", 2, is_fixed=True),
    ]


@pytest.mark.parametrize(
    ("member", "value", "texts", "kinds"),
    [
        ("data", "aGkgdGhlcmU=", ["hi there"], []),
        ("data", "iVBORw0KGgoAAA==", [], ["image"]),
        ("data", "no data at all", ["no data at all"], ["file"]),
        ("data", "https://a/b", ["https://a/b"], ["link"]),
    ],
)
def test_data_are_a_text_or_told(
    member: str, value: str, texts: list[str], kinds: list[str]
) -> None:
    spans, blind = read(said={member: value})
    assert [text for text, _ in spans] == texts
    assert [part.kind for part in blind] == kinds


@pytest.mark.parametrize(
    ("value", "texts", "kind"),
    [
        ("https://a/?q=secret", ["https://a/?q=secret"], "link"),
        ("files/secret", ["files/secret"], "link"),
        ("data:image/png;base64,iVBORw0KGgoAAA==", [], "image"),
        ("data:image/svg+xml,<svg>hi</svg>", ["<svg>hi</svg>"], "image"),
    ],
)
def test_an_address_is_a_text_and_what_it_leads_to_is_told(
    value: str, texts: list[str], kind: str
) -> None:
    spans, blind = read(image=value)
    assert [text for text, _ in spans] == texts
    assert blind == [Blind(kind, "user", 1, len(value))]  # type: ignore[arg-type]  # a parameter


def test_what_the_vendor_holds_is_named_and_told() -> None:
    assert read(file="file-1") == ([("file-1", "user")], [Blind("file", "user", 1, 6)])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"said": {"text": "a", "text": "a"}}', "json_duplicate_member"),
        (b'{"said": [{"a": [{"b": 1, "\\u0062": 2}]}]}', "json_duplicate_member"),
        (b'{"said": "\\ud800"}', "json_malformed"),
        (b'{"said": "\xff"}', "json_malformed"),
        (b'{"said": 1e999}', "invalid_value"),
        (b"{", "json_malformed"),
        (b"[" * 5000 + b"]" * 5000, "json_malformed"),
        (b"[" + b'"",' * MAX_VALUES + b'""]', "json_too_many_values"),
        (b"[" + b"[]," * MAX_VALUES + b"[]]", "json_too_many_values"),
        (b'{"said":[' + b"1234567," * MAX_VALUES + b"1234567]}", "json_too_many_values"),
        (json.dumps({"arguments": '["a"' * MAX_VALUES}).encode(), "json_too_many_values"),
        (json.dumps({"arguments": ["{}"] * (MAX_VALUES // 10)}).encode(), "json_too_many_values"),
        (json.dumps({"data": ["QQ"] * (MAX_VALUES // 10)}).encode(), "json_too_many_values"),
    ],
)
def test_what_cannot_be_read_in_one_way_or_in_time_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        content(body, RULE)
    assert refused.value.code == code


def test_brackets_in_texts_do_not_count_for_arrays() -> None:
    body = json.dumps({"said": "[" * (MAX_VALUES + 1)}).encode()
    assert len(content(body, RULE).spans[0].text) > MAX_VALUES
