"""Chat completions: only what is acted on is read, and what cannot be read is refused."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Terms
from gatebook.providers.openai import CHAT, COMPLETIONS

_STREAM = b'{"model":"gpt-4o","stream":true,"stream_options":%b}'


def read(body: bytes, operation: Operation = CHAT) -> Call:
    return operation.format.read(Call(operation=operation, path=operation.path, body=body))


def chat(**fields: Any) -> Call:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **fields}
    return read(json.dumps(body).encode())


def code_of(body: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(body)
    return caught.value.code


def test_unknown_fields_pass_byte_for_byte() -> None:
    body = b'{ "model":"gpt-4o", "new_field" : {"a": 1.50e3}, "messages": [] }'
    assert read(body).body == body


def test_a_call_that_streams_asks_for_usage_and_remembers_who_did_not() -> None:
    assert not chat().streamed
    assert not chat(stream=None).streamed
    assert chat(stream=True).hides_usage
    assert chat(stream=True, stream_options=None).hides_usage
    assert chat(stream=True, stream_options={"include_usage": False}).hides_usage
    asked = chat(stream=True, stream_options={"include_usage": True})
    assert not asked.hides_usage
    for call in (chat(stream=True), chat(stream=True, stream_options=None), asked):
        fitted = CHAT.format.fitted(call, Terms())
        assert json.loads(fitted.body)["stream_options"] == {"include_usage": True}


def test_a_server_that_knows_no_usage_in_streams_is_not_asked_for_it() -> None:
    call = chat(stream=True)
    assert CHAT.format.fitted(call, Terms(knows=frozenset())) is call


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"{", "json_malformed"),
        (b"[]", "invalid_value"),
        (b"{}", "invalid_model"),
        (b'{"model":1}', "invalid_value"),
        (b'{"model":"gpt-4o","stream":"yes"}', "invalid_value"),
        (b'{"model":"gpt-4o","stream_options":3}', "invalid_value"),
        (b'{"model":""}', "invalid_model"),
        (b'{"model":"a b"}', "invalid_model"),
        (b'{"model":"../x"}', "invalid_model"),
        (b'{"model":"gpt\\u0000"}', "invalid_model"),
        (b'{"model":"' + b"a" * 129 + b'"}', "invalid_model"),
        (b'{"model":"gpt-4o","x":"\xff"}', "json_utf8"),
        (b'{"model":"gpt-4o","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
        (b'{"model":"gpt-4o","model":"gpt-4"}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","mod\\u0065l":"gpt-4"}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","stream":true,"stream":false}', "json_duplicate_member"),
        (_STREAM % b'{"include_usage":false,"include_usage":true}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","MODEL":"gpt-4"}', "json_member_case"),
        (b'{"MODEL":"gpt-4","model":"gpt-4o","stream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","Stream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","\\u017ftream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","Stream_Options":{}}', "json_member_case"),
        (b'{"model":"gpt-4o","stream":true,"seed":1,"\xc5\xbfeed":2}', "json_member_case"),
        (b'{"model":"gpt-4o","n":1,"N":2}', "json_member_case"),
        (_STREAM % b'{"Include_Usage":false}', "json_member_case"),
        (_STREAM % b'{"x":1,"X":1}', "json_member_case"),
        (b'{"Model":"gpt-4o"}', "json_member_case"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    assert code_of(body) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"max_tokens": -1}, "invalid_value"),
        ({"max_tokens": 0}, "invalid_value"),
        ({"max_completion_tokens": 0}, "invalid_value"),
        ({"max_completion_tokens": 1.5}, "invalid_value"),
        ({"max_tokens": 2**31}, "invalid_value"),
        ({"n": 0}, "invalid_value"),
        ({"store": 1}, "invalid_value"),
        ({"messages": {}}, "invalid_value"),
        ({"messages": ["hi"]}, "invalid_value"),
        ({"messages": [{"content": {"type": "text"}}]}, "invalid_value"),
        ({"messages": [{"content": ["hi"]}]}, "invalid_value"),
        ({"tools": {}}, "invalid_value"),
        ({"tools": ["web_search"]}, "invalid_value"),
        ({"tools": [{"type": 3}]}, "invalid_value"),
        ({"tools": [{}]}, "invalid_tool"),
        ({"tools": [{"type": "a b"}]}, "invalid_tool"),
        ({"tools": [{"type": "mcp"}]}, "invalid_url"),
    ],
)
def test_what_is_decided_on_has_a_shape_that_is_known(fields: dict[str, Any], code: str) -> None:
    assert code_of(json.dumps({"model": "m", **fields}).encode()) == code


PARTS = b'"messages":[{"content":[%b]}]'


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (b'"tools":[{"type":"function","type":"web_search"}]', "json_duplicate_member"),
        (b'"tools":[{"type":"function","ty\\u0070e":"web_search"}]', "json_duplicate_member"),
        (b'"tools":[{"type":"function","Type":"web_search"}]', "json_member_case"),
        (b'"tools":[{"type":"mcp","server_url":"https://a","Server_URL":"b"}]', "json_member_case"),
        (b'"messages":[{"content":"a","content":[]}]', "json_duplicate_member"),
        (PARTS % b'{"type":"text","type":"file"}', "json_duplicate_member"),
        (
            PARTS % b'{"type":"image_url","image_url":{"url":"data:,","url":"http:"}}',
            "json_duplicate_member",
        ),
        (
            PARTS % b'{"type":"file","file":{"file_data":"data:,","File_Id":"f"}}',
            "json_member_case",
        ),
        (b'"max_tokens":1,"Max_Tokens":2', "json_member_case"),
    ],
)
def test_what_decides_within_the_body_is_read_in_one_way_too(member: bytes, code: str) -> None:
    assert code_of(b'{"model":"m",%b}' % member) == code


def test_what_nothing_is_decided_on_may_have_any_names() -> None:
    schema: dict[str, Any] = {"properties": {"Type": {}, "type": {}, "ID": {}, "id": {}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    assert chat(tools=[tool], messages=[{"role": "user", "content": "x"}]).hosted_tools == ()


@pytest.mark.parametrize(
    ("fields", "max_tokens", "choices"),
    [
        ({}, None, 1),
        ({"max_tokens": None, "n": None}, None, 1),
        ({"max_tokens": 7}, 7, 1),
        ({"max_completion_tokens": 9, "n": 3}, 9, 3),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9, 1),
    ],
)
def test_the_output_asked_for_is_known(
    fields: dict[str, Any], max_tokens: int | None, choices: int
) -> None:
    call = chat(**fields)
    assert (call.max_tokens, call.choices) == (max_tokens, choices)


@pytest.mark.parametrize(
    ("fields", "hosted"),
    [
        ({"tools": None}, ()),
        ({"tools": [{"type": "function", "function": {}}, {"type": "custom"}]}, ()),
        ({"tools": [{"function": {"name": "older servers name no type"}}]}, ()),
        ({"web_search_options": {}}, ("web_search",)),
        ({"web_search_options": None, "enable_search": False, "plugins": []}, ()),
        ({"search_parameters": {"mode": "auto"}}, ("web_search",)),
        ({"data_sources": [{"type": "azure_search"}]}, ("data_sources",)),
        ({"plugins": [{"id": "web"}]}, ("plugins",)),
        ({"preset": "p", "prompt_embeds": "AA"}, ("preset", "prompt_embeds")),
        ({"web_search": True, "online_search": {"enable": True}}, ("web_search",)),
        ({"compound_custom": {"tools": {}}}, ("member:compound_custom",)),
        ({"documents": [{"url": "https://a.example"}]}, ("member:documents",)),
        ({"response_format": {"type": "json_object"}, "thinking": {"type": "enabled"}}, ()),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, ()),
        ({"tool_choice": "auto"}, ()),
        ({"tool_choice": {"type": "web_search"}}, ("web_search",)),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [{"type": "mcp", "server_url": "https://a.example"}],
                    },
                }
            },
            ("mcp:a.example",),
        ),
        ({"models": ["a/b", "c"]}, ("fallback:a/b", "fallback:c")),
        ({"tools": [{"type": "browser_search"}, {"type": "function"}]}, ("browser_search",)),
        ({"tools": [{"type": "mcp", "server_url": "https://a.example/x"}]}, ("mcp:a.example",)),
    ],
)
def test_tools_that_the_vendor_runs_are_named(
    fields: dict[str, Any], hosted: tuple[str, ...]
) -> None:
    assert chat(**fields).hosted_tools == hosted


def test_state_is_what_is_asked_to_be_stored_or_to_be_fetched_later() -> None:
    assert [chat(store=store).state for store in (None, False, True)] == ["none", "none", "asked"]
    assert chat(deferred=True).state == "asked"


def shown(part: dict[str, Any]) -> Call:
    """A call with that part among others, which changes nothing."""
    said = [{"role": "system", "content": "x"}, {"role": "assistant", "content": None}]
    alone, among = [
        chat(messages=[*said, {"role": "user", "content": parts}])
        for parts in ([part], [{"type": "text", "text": "a"}, part])
    ]
    assert replace(alone, body=b"") == replace(among, body=b"")
    return alone


@pytest.mark.parametrize(
    ("part", "fetched"),
    [
        ({"type": "text", "text": "http://example.com"}, ()),
        ({"type": "refusal", "refusal": ""}, ()),
        ({"type": "thinking", "thinking": [{"type": "text", "text": ""}]}, ()),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}, ()),
        (
            {"type": "input_audio", "input_audio": {"data": "https://a.example/a.wav"}},
            ("fetch:a.example",),
        ),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, ()),
        (
            {"type": "image_url", "image_url": {"url": "https://CDN.example.com/a.png?b=c"}},
            ("fetch:cdn.example.com",),
        ),
        ({"type": "image_url", "image_url": "http://10.0.0.1:8080/a"}, ("fetch:10.0.0.1:8080",)),
        ({"type": "video_url", "video_url": {"url": "https://a.example"}}, ("fetch:a.example",)),
        ({"type": "document_url", "document_url": "https://a.example/b"}, ("fetch:a.example",)),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}}, ()),
        ({"type": "file", "file": {"file_data": "AAAA", "filename": "a.pdf"}}, ()),
        ({"type": "file", "file": {"file_data": "https://a.example/a"}}, ("fetch:a.example",)),
    ],
)
def test_what_the_vendor_would_fetch_is_named_by_its_host(
    part: dict[str, Any], fetched: tuple[str, ...]
) -> None:
    call = shown(part)
    assert (call.hosted_tools, call.state) == (fetched, "none")
    assert call.is_text is (part["type"] in ("text", "refusal", "thinking"))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_id": "file-1", "file_data": "data:,"}},
        {"type": "file", "file_id": "file-1"},
    ],
)
def test_what_the_vendor_holds_for_the_account_is_state(part: dict[str, Any]) -> None:
    assert (shown(part).state, shown(part).is_text) == ("asked", False)


def test_a_reply_in_audio_that_the_vendor_kept_is_state() -> None:
    call = chat(messages=[{"role": "assistant", "audio": {"id": "audio_1"}}])
    assert (call.state, call.is_priced_apart) == ("asked", True)
    assert chat(messages=[{"role": "assistant", "audio": None}]).state == "none"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"type": "brand_new", "data": "AA"}, "unknown_kind"),
        ({"text": "without a type"}, "unknown_kind"),
        ({"type": "image_url"}, "invalid_url"),
        ({"type": "video_url", "video_url": {"url": "file:///etc/passwd"}}, "invalid_url"),
    ],
)
def test_content_that_no_parser_understands_is_refused(part: dict[str, Any], code: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    assert code_of(json.dumps(body).encode()) == code


@pytest.mark.parametrize(
    ("fields", "is_priced_apart"),
    [
        ({"modalities": None}, False),
        ({"modalities": ["text"]}, False),
        ({"modalities": ["text", "audio"], "audio": {"voice": "alloy"}}, True),
        ({"messages": [{"content": [{"type": "input_audio", "input_audio": {}}]}]}, True),
        ({"messages": [{"content": [{"type": "image_url", "image_url": "data:,"}]}]}, False),
    ],
)
def test_audio_is_not_paid_for_as_text(fields: dict[str, Any], is_priced_apart: bool) -> None:
    assert chat(**fields).is_priced_apart is is_priced_apart


OLDER = frozenset(("stream_options",))


@pytest.mark.parametrize(
    ("fields", "terms", "added"),
    [
        ({"max_completion_tokens": 7}, Terms(knows=OLDER), b'{"max_tokens":7,'),
        ({"max_completion_tokens": 7}, Terms(max_tokens=50, knows=OLDER), b'{"max_tokens":7,'),
        ({"max_tokens": 9, "max_completion_tokens": 7}, Terms(max_tokens=50, knows=OLDER), b"{"),
        ({"max_completion_tokens": 7}, Terms(max_tokens=50), b"{"),
    ],
)
def test_a_limit_that_a_server_would_overlook_is_there_by_the_name_it_knows(
    fields: dict[str, Any], terms: Terms, added: bytes
) -> None:
    call = chat(**fields)
    fitted = CHAT.format.fitted(call, terms)
    assert fitted.body == added + call.body[1:]
    assert fitted.max_tokens == call.max_tokens


def test_a_call_that_names_no_limit_is_given_one_where_there_are_terms() -> None:
    call = chat(n=2)
    assert CHAT.format.fitted(call, Terms()) is call
    given = CHAT.format.fitted(call, Terms(max_tokens=50, is_stateless=True))
    assert (given.max_tokens, given.choices) == (50, 2)
    assert given.body == b'{"max_completion_tokens":50,' + call.body[1:]
    elsewhere = CHAT.format.fitted(call, Terms(max_tokens=50, knows=frozenset()))
    assert elsewhere.body == b'{"max_tokens":50,' + call.body[1:]
    assert read(given.body).max_tokens == read(elsewhere.body).max_tokens == 50
    for own in (chat(max_tokens=1), chat(max_tokens=10**6)):
        assert CHAT.format.fitted(own, Terms(max_tokens=50)) is own


@pytest.mark.parametrize("name", ["max_completion_tokens", "max_completion\\u005ftokens"])
def test_a_limit_that_is_null_is_replaced_however_it_is_spelled(name: str) -> None:
    call = read(f'{{"model":"m","{name}" : null ,"x":1}}'.encode())
    given = CHAT.format.fitted(call, Terms(max_tokens=50)).body
    assert given == f'{{"model":"m","{name}" : 50 ,"x":1}}'.encode()


@pytest.mark.parametrize(
    "model", ["gpt-4o", "ft:gpt-4o:acme::7qTvM5a", "meta-llama/Llama-3.1-70B", "o4-mini"]
)
def test_the_names_of_real_models_are_taken(model: str) -> None:
    assert chat(model=model).model == model


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        CHAT.format.usage(body)
    assert caught.value.code == "upstream_broken"
    assert caught.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("fields", "choices"),
    [
        ({"prompt": "a"}, 1),
        ({"prompt": ["a", "b"], "n": 3}, 6),
        ({"prompt": [1, 2, 3], "best_of": 4}, 4),
        ({"prompt": [[1], [2]], "n": 2, "best_of": 3}, 6),
        ({"prompt": None}, 1),
    ],
)
def test_every_text_that_is_to_be_completed_counts(fields: dict[str, Any], choices: int) -> None:
    call = read(json.dumps({"model": "m", "max_tokens": 5, **fields}).encode(), COMPLETIONS)
    assert (call.max_tokens, call.choices) == (5, choices)


def test_completions_of_text_ask_for_usage_and_for_nothing_more_than_their_members_say() -> None:
    call = read(b'{"model":"m","prompt":"a","stream":true}', COMPLETIONS)
    assert call.hides_usage
    fitted = COMPLETIONS.format.fitted(call, Terms(max_tokens=9)).body
    assert fitted.startswith(b'{"max_tokens":9,"stream_options":{"include_usage":true},')
    body = {"model": "m", "models": ["n"], "prompt": "a", "tools": [], "messages": [{}]}
    asked = read(json.dumps({**body, "prompt_embeds": "AA"}).encode(), COMPLETIONS)
    assert asked.hosted_tools == ("fallback:n", "member:messages", "prompt_embeds")


@pytest.mark.parametrize("prompt", [b"3", b'{"text":"a"}', b'[{"text":"a"}]'])
def test_a_prompt_of_no_known_shape_is_refused(prompt: bytes) -> None:
    with pytest.raises(Invalid):
        read(b'{"model":"m","prompt":%b}' % prompt, COMPLETIONS)
