"""Google's contents: both ways to write a name are read, and whatever two readers may differ on is
refused; a stream is complete when it ends, and not before."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Terms, Usage
from gatebook.providers import gemini
from tests.contents import NOTE, PNG, answered, blind, said

BY_NAME = {operation.name: operation for operation in reversed(gemini.OPERATIONS)}
GENERATE = BY_NAME["generateContent"]
STREAM = BY_NAME["streamGenerateContent"]
EMBED = BY_NAME["batchEmbedContents"]
COUNT = BY_NAME["countTokens"]
EVERY_COUNT = (
    b'{"usageMetadata":{"promptTokenCount":3,"toolUsePromptTokenCount":11,"thoughtsTokenCount":7,'
    b'"candidatesTokenCount":5,"cachedContentTokenCount":2}}'
)
CONTENTS = {"contents": [{"parts": [{"text": "hi"}]}]}


def read(body: bytes, operation: Operation = GENERATE, query: str = "") -> Call:
    call = Call(operation=operation, path="/p", model="gemini-a", query=query, body=body)
    return operation.format.read(call)


def asked(operation: Operation = GENERATE, **fields: Any) -> Call:
    return read(json.dumps({**CONTENTS, **fields}).encode(), operation)


def part(**members: Any) -> Call:
    return asked(contents=[{"parts": [{"text": "a"}, members]}])


def test_the_body_passes_byte_for_byte_and_the_model_is_that_of_the_address() -> None:
    body = b'{ "contents" : [ {"parts":[{"text":"a","thoughtSignature":"c2ln"}]} ], "new":1.50e3 }'
    call = read(body)
    assert (call.body, call.model, call.streamed) == (body, "gemini-a", False)
    plain = replace(call, max_tokens=None, choices=1, hosted_tools=(), state="none", is_text=True)
    assert call == plain


@pytest.mark.parametrize("query", ["", "alt=json", "alt=sse&alt=json", "$alt=sse"])
def test_a_stream_comes_as_events_or_not_at_all(query: str) -> None:
    assert read(b'{"contents":[]}', STREAM, "alt=sse").streamed
    with pytest.raises(Invalid, match="alt=sse") as caught:
        read(b'{"contents":[]}', STREAM, query)
    assert caught.value.code == "stream_form"


@pytest.mark.parametrize(
    "config",
    [
        {"generationConfig": {"maxOutputTokens": 7, "candidateCount": 2}},
        {"generation_config": {"max_output_tokens": 7, "candidate_count": 2}},
        {"generationConfig": {"max_output_tokens": 7, "candidateCount": 2}},
    ],
)
def test_both_ways_to_write_a_name_are_read(config: dict[str, Any]) -> None:
    call = asked(**config)
    assert (call.max_tokens, call.choices) == (7, 2)


@pytest.mark.parametrize(
    ("tools", "hosted"),
    [
        ([{"functionDeclarations": [{"name": "a"}]}], ()),
        ([{"function_declarations": [{"name": "a"}]}], ()),
        ({"googleSearch": {}}, ("googleSearch",)),
        ([{"google_search": {}, "functionDeclarations": []}], ("googleSearch",)),
        ([{"googleSearch": None}], ()),
        ([{"codeExecution": {}}, {"code_execution": {}}, {"urlContext": {}}],
         ("codeExecution", "urlContext")),
        ([{"brand_new": {}}], ("brandNew",)),
        ([{"file_search": {}}], ("fileSearch",)),
        ([{"mcpServers": [{"name": "x", "streamableHttpTransport": {"url": "https://M.example/a"}}]}],
         ("mcp:m.example",)),
        ([{"mcp_servers": {"streamable_http_transport": {"url": "https://m.example:1/a"}}}],
         ("mcp:m.example:1",)),
    ],
)  # fmt: skip
def test_a_tool_that_google_runs_is_named_and_one_nobody_knows_is_taken_for_one(
    tools: Any, hosted: tuple[str, ...]
) -> None:
    assert asked(tools=tools).hosted_tools == hosted
    assert asked(COUNT, generateContentRequest={"tools": tools}).hosted_tools == hosted


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"cachedContent": "cachedContents/a"}, "asked"),
        ({"cached_content": "cachedContents/a"}, "asked"),
        ({"continuationToken": "YQ=="}, "asked"),
        ({"store": True}, "asked"),
        ({"store": False}, "none"),
        ({"cachedContent": None}, "none"),
        ({"tools": [{"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/a"]}}]}, "asked"),
        ({"generateContentRequest": {"cachedContent": "cachedContents/a"}}, "asked"),
    ],
)
def test_what_google_kept_or_is_to_keep_is_state(fields: dict[str, Any], state: str) -> None:
    assert asked(**fields).state == state


HELD = "https://generativelanguage.googleapis.com/v1beta/files/a"


@pytest.mark.parametrize(
    ("members", "fetched", "state"),
    [
        ({"inlineData": {"mimeType": "a/b", "data": "QQ=="}}, (), "none"),
        ({"fileData": {"fileUri": "https://x/y"}}, ("fetch:x",), "none"),
        ({"file_data": {"file_uri": "gs://x/y"}}, ("fetch:gs://x",), "none"),
        ({"fileData": {"fileUri": HELD}}, (), "asked"),
        ({"fileData": {"fileUri": "files/a"}}, (), "asked"),
        ({"functionCall": {"name": "a", "args": {"fileData": 1}}}, (), "none"),
        ({"functionResponse": {"name": "a", "response": {"fileData": 1}}}, (), "none"),
        (
            {"functionResponse": {"parts": [{"fileData": {"fileUri": "https://x"}}]}},
            ("fetch:x",),
            "none",
        ),
    ],
)
def test_what_is_fetched_is_named_and_what_google_holds_is_state(
    members: dict[str, Any], fetched: tuple[str, ...], state: str
) -> None:
    embed = {"requests": [{"content": {"parts": [members]}}]}
    for call in (
        part(**members),
        asked(systemInstruction={"parts": members}),
        asked(EMBED, **embed),
    ):
        assert (call.hosted_tools, call.state) == (fetched, state)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"brandNew": {}}, "unknown_kind"),
        ({"text": "a", "brandNew": 1}, "unknown_kind"),
        ({"functionResponse": {"parts": [{"brandNew": {}}]}}, "unknown_kind"),
        ({"fileData": {}}, "invalid_url"),
        ({"fileData": {"fileUri": "https://a@b"}}, "invalid_url"),
        ({"fileData": 1}, "invalid_value"),
    ],
)
def test_a_part_that_no_parser_understands_is_refused(members: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        part(**members)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("fields", "is_text"),
    [
        ({}, True),
        ({"systemInstruction": {"parts": {"text": "a"}}}, True),
        ({"contents": {"parts": [{"functionResponse": {"response": {"a": 1}}}]}}, True),
        ({"contents": {"parts": [{"functionResponse": {"parts": {"inlineData": {}}}}]}}, False),
        ({"contents": {"parts": [{"inlineData": {"mimeType": "a/b", "data": "QQ=="}}]}}, False),
        ({"cachedContent": "cachedContents/a"}, False),
        ({"continuationToken": "YQ=="}, False),
    ],
)
def test_the_body_bounds_what_is_read_if_all_of_it_is_text(
    fields: dict[str, Any], is_text: bool
) -> None:
    assert asked(**fields).is_text is is_text


def test_an_escape_does_not_hide_a_reference() -> None:
    body = b'{"contents":[{"parts":[{"f\\u0069leData":{"fileUri":"https://x"}}]}]}'
    assert read(body).hosted_tools == ("fetch:x",)


def test_a_member_that_nobody_knows_has_to_be_granted_by_name() -> None:
    assert asked(background=True, new_thing={}).hosted_tools == (
        *("member:background", "member:new_thing"),
    )
    assert asked(safetySettings=[{}], labels={"a": "b"}, toolConfig={"a": {}}).hosted_tools == ()


@pytest.mark.parametrize(
    ("fields", "is_priced_apart"),
    [
        ({}, False),
        ({"generationConfig": {"responseModalities": ["TEXT"]}}, False),
        ({"generationConfig": {"response_modalities": ["TEXT", "IMAGE"]}}, True),
        ({"generationConfig": {"responseModalities": ["AUDIO"]}}, True),
        ({"contents": {"parts": {"inlineData": {"mimeType": "image/png"}}}}, False),
        ({"contents": {"parts": {"inlineData": {"mimeType": "Audio/wav"}}}}, True),
        (
            {
                "contents": {
                    "parts": {"file_data": {"mime_type": "audio/wav", "fileUri": "files/a"}}
                }
            },
            True,
        ),
    ],
)
def test_what_is_no_text_is_not_paid_for_as_text(
    fields: dict[str, Any], is_priced_apart: bool
) -> None:
    assert asked(**fields).is_priced_apart is is_priced_apart


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"[]", "invalid_value"),
        (b'{"contents":[{"parts":[{"text":"\xff"}]}]}', "json_utf8"),
        (b'{"contents":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
        (b'{"contents":[],"contents":[]}', "json_duplicate_member"),
        (b'{"generationConfig":{},"generation_config":{}}', "json_duplicate_member"),
        (b'{"tools":[{"googleSearch":null,"googleSearch":{}}]}', "json_duplicate_member"),
        (b'{"contents":[{"parts":[{"text":"a","text":"b"}]}]}', "json_duplicate_member"),
        (b'{"Contents":[]}', "json_member_case"),
        (b'{"generationconfig":{}}', "json_member_case"),
        (b'{"generation_Config":{}}', "json_member_case"),
        (b'{"generationConfig":{"MaxOutputTokens":1}}', "json_member_case"),
        (b'{"generationConfig":{"maxOutputTokens":"7"}}', "invalid_value"),
        (b'{"generationConfig":{"maxOutputTokens":7.0}}', "invalid_value"),
        (b'{"generationConfig":{"maxOutputTokens":0}}', "invalid_value"),
        (b'{"generationConfig":{"maxOutputTokens":2147483648}}', "invalid_value"),
        (b'{"generationConfig":{"candidateCount":true}}', "invalid_value"),
        (b'{"generationConfig":[]}', "invalid_value"),
        (b'{"generationConfig":NaN}', "json_malformed"),
        (b'{"contents":["hi"]}', "invalid_value"),
        (b'{"tools":["googleSearch"]}', "invalid_value"),
        (b'{"tools":[{"a b":{}}]}', "invalid_tool"),
        (b'{"tools":[{"mcpServers":[{"name":"x"}]}]}', "invalid_url"),
        (b'{"model":"models/gemini-b"}', "model_mismatch"),
        (b'{"requests":[{"model":"models/gemini-b"}]}', "model_mismatch"),
        (b'{"generateContentRequest":{"model":"models/gemini-b"}}', "model_mismatch"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(body)
    assert caught.value.code == code


def test_a_body_may_name_the_model_of_the_address() -> None:
    assert asked(model="models/gemini-a").model == "gemini-a"
    assert asked(EMBED, requests=[{"model": "models/gemini-a"}]).model == "gemini-a"


@pytest.mark.parametrize(
    ("body", "fitted"),
    [
        (b'{"contents":[]}', b'{"generationConfig":{"maxOutputTokens":9},"contents":[]}'),
        (b"{}", b'{"generationConfig":{"maxOutputTokens":9}}'),
        (b'{"generationConfig":null}', b'{"generationConfig":{"maxOutputTokens":9}}'),
        (b'{"generationConfig":{}}', b'{"generationConfig":{"maxOutputTokens":9}}'),
        (
            b'{"generation_config": {"topK":1.50}}',
            b'{"generation_config": {"maxOutputTokens":9,"topK":1.50}}',
        ),
        (
            b'{"generationConfig":{"max_output_tokens":null,"topK":1}}',
            b'{"generationConfig":{"max_output_tokens":9,"topK":1}}',
        ),
    ],
)
def test_a_limit_is_put_in_where_there_is_none(body: bytes, fitted: bytes) -> None:
    call = GENERATE.format.fitted(read(body), Terms(max_tokens=9))
    assert (call.body, call.max_tokens) == (fitted, 9)
    assert read(call.body).max_tokens == 9


def test_a_limit_that_is_there_stays_and_what_has_no_output_gets_none() -> None:
    limited = asked(generationConfig={"maxOutputTokens": 3})
    assert GENERATE.format.fitted(limited, Terms(max_tokens=9)) is limited
    plain = asked()
    assert GENERATE.format.fitted(plain, Terms()) is plain
    for operation in (COUNT, EMBED):
        call = asked(operation)
        assert call.max_tokens == 0
        assert operation.format.fitted(call, Terms(max_tokens=9)) is call


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5}}', Usage(3, 5)),
        (EVERY_COUNT, Usage(14, 12, 2)),
        (b'{"usageMetadata":{"promptTokenCount":-1,"candidatesTokenCount":"5"}}', Usage()),
        (b'{"totalTokens":14}', Usage()),
        (b'{"error":{"code":400}}', Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert GENERATE.format.usage(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usageMetadata":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        GENERATE.format.usage(body)


def test_contents_by_role_and_member() -> None:
    request = {
        "system_instruction": {"role": "user", "parts": [{"text": "rules"}]},
        "contents": [
            {"parts": {"text": "ask"}},
            {"role": "model", "parts": [{"text": "thought", "thought": True}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "send", "args": {"to": "dave"}}}],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "name": "f",
                            "response": {"told": "result"},
                            "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                        }
                    },
                    {"executableCode": {"code": "1+1"}},
                    {"codeExecutionResult": {"output": "two"}},
                    {"inlineData": {"mimeType": "text/plain", "data": NOTE}},
                ],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "tool"}]}],
        "generationConfig": {"stopSequences": ["end"], "responseSchema": {"title": "shape"}},
        "labels": {"team": "red"},
    }
    expected = {
        "rules": "system",
        **dict.fromkeys(("ask", "a note"), "user"),
        "thought": "assistant",
        **dict.fromkeys(("send", "to", "dave", "1+1"), "arguments"),
        **dict.fromkeys(("f", "told", "result", "two"), "tool"),
        **dict.fromkeys(("tool", "shape"), "definition"),
        **dict.fromkeys(("end", "team", "red"), "other"),
    }
    assert said(GENERATE.format, **request) == expected
    assert said(GENERATE.format, requests=[{"generateContentRequest": request}]) == expected


def test_what_nobody_sees_of_contents_is_told() -> None:
    parts = [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"fileData": {"fileUri": "https://a/b.mp4"}},
        {"text": "a", "thoughtSignature": "c2VhbGVk"},
    ]
    assert blind(
        GENERATE.format, contents=[{"parts": parts}], cachedContent="cachedContents/a"
    ) == [
        ("image", "user"),
        ("link", "user"),
        ("encrypted", "user"),
        ("file", "other"),
    ]


def test_generated_contents() -> None:
    assert answered(
        GENERATE.format,
        candidates=[
            {
                "content": {"role": "model", "parts": [{"text": "answer"}]},
                "finishReason": "STOP",
                "groundingMetadata": {"webSearchQueries": ["q"]},
                "finishMessage": "why",
            }
        ],
        modelVersion="gemini-2.5-flash",
    ) == {
        "answer": "assistant",
        "q": "document",
        **dict.fromkeys(("why", "gemini-2.5-flash"), "other"),
    }
