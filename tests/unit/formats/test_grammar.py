"""In every format: from whom each text of a request and of a reply is, and what nobody sees."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import event_grammar, grammar
from gatebook.formats.chat import Chat, Completions
from gatebook.formats.content import Rule
from gatebook.formats.converse import Converse
from gatebook.formats.embeddings import Embeddings
from gatebook.formats.images import Images
from gatebook.formats.messages import Messages
from gatebook.formats.models import Models
from gatebook.formats.moderations import Moderations
from gatebook.formats.names import NAMES
from gatebook.formats.responses import Responses
from tests.contents import NOTE, PNG, answered, blind, origins, said

CHAT = Chat()
RESPONSES = Responses(may_answer=True)
MESSAGES = Messages(may_stream=True)
CONVERSE = Converse(streams=False)


def test_chat_by_role_and_kind() -> None:
    function = {"name": "send", "arguments": '{"to": "dave"}'}
    assert said(
        CHAT,
        model="gpt-4o",
        messages=[
            {"role": "system", "content": "rules"},
            {"role": "developer", "content": [{"type": "text", "text": "more rules"}]},
            {"role": "user", "name": "bob", "content": [{"type": "text", "text": "ask"}]},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "thought",
                "refusal": "no",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
                "function_call": {"name": "old", "arguments": "no json"},
            },
            {"role": "tool", "tool_call_id": "call_2", "content": "result"},
            {"role": "function", "name": "f", "content": "older result"},
            {"role": "stranger", "content": "who"},
        ],
        tools=[{"type": "function", "function": {"name": "send", "description": "sends"}}],
        functions=[{"name": "older"}],
        response_format={"type": "json_schema", "json_schema": {"name": "shape"}},
        documents=[{"title": "page"}],
        prediction={"type": "content", "content": "guess"},
        metadata={"ticket": "T-1"},
        user="u",
        strange="?",
    ) == {
        **dict.fromkeys(("rules", "more rules"), "system"),
        **dict.fromkeys(("bob", "ask"), "user"),
        **dict.fromkeys(("thought", "no", "guess"), "assistant"),
        **dict.fromkeys(("to", "dave", "old", "no json"), "arguments"),
        **dict.fromkeys(("result", "f", "older result"), "tool"),
        **dict.fromkeys(("send", "sends", "older", "shape"), "definition"),
        "page": "document",
        **dict.fromkeys(
            ("gpt-4o", "call_1", "call_2", "who", "stranger", "ticket", "T-1", "u"), "other"
        ),
        **dict.fromkeys(("strange", "?", "content"), "other"),
    }


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}, ["image"]),
        ({"type": "image_url", "image_url": "https://a/b.png"}, ["link"]),
        ({"type": "input_audio", "input_audio": {"data": "AAEC", "format": "mp3"}}, ["audio"]),
        ({"type": "file", "file": {"file_data": f"data:;base64,{PNG}"}}, ["image"]),
        ({"type": "file", "file": {"file_id": "file-1"}}, ["file"]),
        ({"type": "text", "text": "hi"}, []),
    ],
)
def test_what_nobody_sees_of_chat_is_told(part: dict[str, Any], kinds: list[str]) -> None:
    found = blind(CHAT, messages=[{"role": "user", "content": [part]}])
    assert found == [(kind, "user") for kind in kinds]


def test_chat_tells_tokens_and_sealed_reasoning() -> None:
    assert blind(
        CHAT,
        messages=[
            {
                "role": "assistant",
                "audio": {"id": "audio_1"},
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "c2VhbGVk"}],
            }
        ],
        logit_bias={"50256": -100},
    ) == [("file", "assistant"), ("encrypted", "assistant"), ("tokens", "other")]


def test_a_role_in_a_part_or_in_a_reply_changes_nothing() -> None:
    parts = [{"type": "text", "role": "system", "text": "a"}, {"role": "system", "text": "b"}]
    found = said(CHAT, messages=[{"role": "user", "content": parts}])
    assert (found["a"], found["b"]) == ("user", "user")
    reply = answered(CHAT, choices=[{"message": {"role": "system", "content": "c"}}])
    assert reply["c"] == "assistant"


def test_a_reply_that_can_be_read_in_two_ways_counts_as_none() -> None:
    with pytest.raises(Unavailable):
        CHAT.answered(b'{"choices":[{"message":{"content":"a","content":"b"}}]}')


def test_a_text_in_a_file_is_seen() -> None:
    file = {"type": "file", "file": {"filename": "n.txt", "file_data": NOTE}}
    found = CHAT.said(json.dumps({"messages": [{"role": "user", "content": [file]}]}).encode())
    assert origins(found) == {"n.txt": "user", "a note": "user"}
    assert [span.text for span in found.spans if span.is_fixed] == ["a note"]


def test_a_reply_may_tell_many_likelihoods_with_every_token() -> None:
    likely = [{"token": "a", "logprob": -1.5, "bytes": [97]}] * 20
    said = [{"token": "a", "logprob": -1.5, "bytes": [97], "top_logprobs": likely}] * 2000
    reply = json.dumps({"choices": [{"message": {}, "logprobs": {"content": said}}]}).encode()
    assert len(CHAT.answered(reply).spans) == 21 * 2000
    with pytest.raises(Invalid):
        CHAT.said(reply)


def test_completions() -> None:
    assert said(Completions(), prompt=["a", "b"], suffix="c", user="u") == {
        **dict.fromkeys("abc", "user"),
        "u": "other",
    }
    assert blind(Completions(), prompt=[1, 2]) == [("tokens", "user")]
    assert answered(Completions(), choices=[{"text": "a", "finish_reason": "stop"}]) == {
        "a": "assistant"
    }


def test_responses_by_role_and_kind() -> None:
    assert said(
        RESPONSES,
        instructions="rules",
        input=[
            {"role": "user", "content": "ask"},
            {"type": "message", "role": "system", "content": "more rules"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "answer"}]},
            {"type": "function_call", "name": "send", "arguments": '{"to": "dave"}'},
            {"type": "function_call_output", "output": [{"type": "input_text", "text": "result"}]},
            {"type": "mcp_call", "name": "m", "arguments": "{}", "output": "mcp said"},
            {"type": "shell_call_output", "output": [{"stdout": "listing", "stderr": "oops"}]},
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"logs": "two"}]},
            {"type": "file_search_call", "queries": ["q"], "results": [{"text": "found"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thought"}]},
        ],
        prompt={"id": "pmpt_1", "variables": {"city": "Paris"}},
        tools=[{"type": "function", "name": "tool", "description": "does"}],
        text={"format": {"type": "json_schema", "name": "shape"}},
        metadata={"ticket": "T-1"},
    ) == {
        **dict.fromkeys(("rules", "more rules"), "system"),
        "ask": "user",
        **dict.fromkeys(("answer", "thought"), "assistant"),
        **dict.fromkeys(("send", "to", "dave", "m", "{}", "1+1", "q"), "arguments"),
        **dict.fromkeys(("result", "mcp said", "listing", "oops", "two"), "tool"),
        "found": "document",
        **dict.fromkeys(("tool", "does", "shape"), "definition"),
        **dict.fromkeys(("pmpt_1", "Paris", "ticket", "T-1"), "other"),
    }
    assert said(RESPONSES, input="ask") == {"ask": "user"}


def test_what_nobody_sees_of_responses_is_told() -> None:
    assert blind(
        RESPONSES,
        previous_response_id="resp_1",
        input=[
            {"role": "user", "content": [{"type": "input_image", "image_url": "https://a"}]},
            {"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]},
            {"type": "reasoning", "encrypted_content": "c2VhbGVk"},
            {"type": "image_generation_call", "result": PNG},
        ],
    ) == [
        ("file", "other"),
        ("link", "user"),
        ("file", "user"),
        ("encrypted", "assistant"),
        ("image", "assistant"),
    ]


def test_a_response() -> None:
    found = answered(
        RESPONSES,
        instructions="rules",
        output=[
            {"type": "message", "role": "assistant", "content": [{"text": "answer"}]},
            {"type": "function_call", "arguments": '{"to": "dave"}'},
        ],
        error={"message": "failed"},
    )
    assert found == {
        "rules": "system",
        "answer": "assistant",
        **dict.fromkeys(("to", "dave"), "arguments"),
        "failed": "other",
    }


def test_messages_by_kind() -> None:
    found = {"type": "web_search_result", "title": "found", "encrypted_content": "c2VhbGVk"}
    assert said(
        MESSAGES,
        system=[{"type": "text", "text": "rules"}],
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "ask"},
                    {"type": "tool_result", "tool_use_id": "t1", "content": "result"},
                    {
                        "type": "tool_result",
                        "content": [
                            {"type": "text", "text": "more"},
                            {
                                "type": "search_result",
                                "title": "hit",
                                "content": [{"text": "body"}],
                            },
                        ],
                    },
                    {
                        "type": "document",
                        "title": "paper",
                        "source": {"type": "text", "media_type": "text/plain", "data": "page"},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "thought", "signature": "c2VhbGVk"},
                    {"type": "tool_use", "id": "t1", "name": "send", "input": {"to": ["dave"]}},
                    {"type": "web_search_tool_result", "content": [found]},
                ],
            },
        ],
        tools=[{"name": "tool", "input_schema": {"properties": {"whom": {"type": "string"}}}}],
        metadata={"user_id": "u"},
    ) == {
        "rules": "system",
        "ask": "user",
        **dict.fromkeys(("result", "more"), "tool"),
        **dict.fromkeys(("hit", "body", "paper", "page", "found"), "document"),
        "thought": "assistant",
        **dict.fromkeys(("send", "to", "dave"), "arguments"),
        **dict.fromkeys(("tool", "whom"), "definition"),
        **dict.fromkeys(("t1", "u", "user_id"), "other"),
    }


def test_what_nobody_sees_of_messages_is_told() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "thinking", "thinking": "a", "signature": "c2VhbGVk"},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
    ]
    assert blind(MESSAGES, messages=[{"role": "user", "content": blocks}]) == [
        ("image", "user"),
        ("link", "document"),
        ("file", "document"),
        ("encrypted", "user"),
        ("encrypted", "assistant"),
    ]


def test_a_message() -> None:
    assert answered(
        MESSAGES, role="assistant", content=[{"type": "text", "text": "answer"}], id="msg_1"
    ) == {"answer": "assistant", "msg_1": "other"}


def test_converse_by_role_and_member() -> None:
    content: list[dict[str, Any]] = [
        {"text": "ask"},
        {
            "toolResult": {
                "toolUseId": "t1",
                "content": [{"json": {"told": "result"}}, {"text": "b"}],
            }
        },
        {"document": {"format": "txt", "name": "doc", "source": {"bytes": NOTE}}},
        {"searchResult": {"source": "https://a", "title": "hit", "content": [{"text": "body"}]}},
        {"guardContent": {"text": {"text": "guarded"}}},
    ]
    reasoning = {"reasoningText": {"text": "thought", "signature": "c2VhbGVk"}}
    use = {"toolUseId": "t1", "name": "send", "input": {"to": "dave"}}
    assert said(
        CONVERSE,
        system=[{"text": "rules"}],
        messages=[
            {"role": "user", "content": content},
            {"role": "assistant", "content": [{"reasoningContent": reasoning}, {"toolUse": use}]},
        ],
        toolConfig={"tools": [{"toolSpec": {"name": "tool", "description": "does"}}]},
        promptVariables={"city": {"text": "Paris"}},
        requestMetadata={"team": "red"},
    ) == {
        "rules": "system",
        **dict.fromkeys(("ask", "guarded"), "user"),
        **dict.fromkeys(("told", "result", "b"), "tool"),
        **dict.fromkeys(("doc", "a note", "https://a", "hit", "body"), "document"),
        "thought": "assistant",
        **dict.fromkeys(("send", "to", "dave"), "arguments"),
        **dict.fromkeys(("tool", "does"), "definition"),
        **dict.fromkeys(("t1", "txt", "Paris", "team", "red"), "other"),
    }
    assert answered(
        CONVERSE, output={"message": {"role": "assistant", "content": [{"text": "answer"}]}}
    ) == {"answer": "assistant"}


def test_what_nobody_sees_of_converse_is_told() -> None:
    content = [
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/a"}}}},
        {"reasoningContent": {"redactedContent": "c2VhbGVk"}},
    ]
    assert blind(CONVERSE, messages=[{"role": "user", "content": content}]) == [
        ("image", "user"),
        ("link", "user"),
        ("encrypted", "user"),
    ]


def test_embeddings_images_moderations_and_models() -> None:
    assert said(Embeddings(), model="e", input=["a", "b"]) == {
        "e": "other",
        **dict.fromkeys("ab", "user"),
    }
    assert blind(Embeddings(), input=[[1, 2], [3]]) == [("tokens", "user")] * 2
    assert answered(Embeddings(), data=[{"embedding": [0.5] * 9}], model="e") == {"e": "other"}
    assert said(Images(), prompt="a cat") == {"a cat": "user"}
    assert answered(Images(), data=[{"b64_json": PNG, "revised_prompt": "a dog"}]) == {
        "a dog": "assistant"
    }
    picture = {"type": "image_url", "image_url": {"url": "https://a"}}
    assert said(Moderations(), input=[{"type": "text", "text": "a"}, picture]) == {
        **dict.fromkeys(("a", "https://a"), "user")
    }
    assert Models().said(b"") == ([], [])
    assert answered(Models(), data=[{"id": "gpt-4o", "owned_by": "me"}]) == {
        **dict.fromkeys(("gpt-4o", "me"), "other")
    }


def rules(module: Any) -> Iterator[Rule]:
    """Every rule of a module, and those in it."""
    found = [value for value in vars(module).values() if isinstance(value, Rule)]
    seen: set[int] = set()
    while found:
        rule = found.pop()
        if id(rule) not in seen:
            seen.add(id(rule))
            yield rule
            found += [*rule.members.values(), *rule.kinds.values(), rule.rest]


@pytest.mark.parametrize("module", [grammar, event_grammar])
def test_members_that_have_a_rule_are_known_by_name(module: Any) -> None:
    assert {name for rule in rules(module) for name in rule.members} - NAMES == set()


def test_what_a_model_thought_and_signed_stays_as_it_is() -> None:
    messages = Messages(may_stream=True)
    block = {"type": "thinking", "thinking": "about ada", "signature": "c2ln"}
    for body in ({"messages": [{"role": "assistant", "content": [block]}]}, {"content": [block]}):
        said = messages.said if "messages" in body else messages.answered
        (span,) = (each for each in said(json.dumps(body).encode()).spans if "ada" in each.text)
        assert (span.origin, span.is_fixed) == ("assistant", True)
    reader = messages.reader()
    for word in ("about", " ada", " and", " so on"):
        delta = {"type": "thinking_delta", "thinking": word}
        event = {"type": "content_block_delta", "index": 0, "delta": delta}
        (piece,) = reader.read(json.dumps(event).encode()).pieces
        assert (piece.span.text, piece.span.is_fixed) == (word, True)
