"""In every streamed format: which texts go on with one another, and from whom they are."""

import json
from collections import defaultdict
from typing import Any

from gatebook.formats import Format
from gatebook.formats.chat import Chat, Completions
from gatebook.formats.converse import Converse
from gatebook.formats.generate_content import GenerateContent
from gatebook.formats.messages import Messages
from gatebook.formats.responses import Responses

Lanes = dict[str, tuple[str, str]]


def lanes(spoken: Format, *events: dict[str, Any]) -> tuple[Lanes, list[str]]:
    """The text of each lane with its origin, and the texts that stand alone."""
    reader = spoken.reader()
    texts: dict[str, str] = defaultdict(str)
    origins: dict[str, str] = {}
    alone: list[str] = []
    for event in events:
        for lane, span in reader.read(json.dumps(event).encode()).pieces:
            if lane:
                texts[lane] += span.text
                origins[lane] = span.origin
            else:
                alone.append(span.text)
    return {lane: (text, origins[lane]) for lane, text in texts.items()}, alone


def hidden(spoken: Format, event: dict[str, Any]) -> list[tuple[str, str]]:
    return [part[:2] for part in spoken.reader().read(json.dumps(event).encode()).blind]


def delta(index: int = 0, **said: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": index, "delta": said}]}


def test_chat() -> None:
    def call(index: int, **function: str) -> dict[str, Any]:
        return delta(tool_calls=[{"index": index, "type": "function", "function": function}])

    found, alone = lanes(
        Chat(),
        delta(role="assistant", content=""),
        delta(reasoning_content="let me "),
        delta(content="wor"),
        delta(1, content="other"),
        delta(reasoning_content="think"),
        delta(content="ds"),
        delta(refusal="no"),
        call(0, name="send", arguments='{"to'),
        call(1, name="get", arguments="{"),
        call(0, arguments='":1}'),
        delta(content=[{"type": "text", "text": "!"}]),
        delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "s"}]}]),
    )
    assert found == {
        "0.reasoning": ("let me thinks", "assistant"),
        "0.text": ("words!", "assistant"),
        "1.text": ("other", "assistant"),
        "0.refusal": ("no", "assistant"),
        "0.0.name": ("send", "arguments"),
        "0.0.arguments": ('{"to":1}', "arguments"),
        "0.1.name": ("get", "arguments"),
        "0.1.arguments": ("{", "arguments"),
    }
    assert alone == []


def test_what_nobody_sees_of_chat_is_told() -> None:
    assert hidden(Chat(), delta(audio={"data": "AAEC"})) == [("audio", "assistant")]
    event = {"choices": [{"index": 0, "logprobs": {"content": [{"token": "a", "bytes": [97]}]}}]}
    assert hidden(Chat(), event)[0] == ("tokens", "assistant")


def test_completions() -> None:
    found, _ = lanes(
        Completions(), *[{"choices": [{"index": 0, "text": text}]} for text in ("wor", "ds")]
    )
    assert found == {"0.text": ("words", "assistant")}


def test_messages() -> None:
    def block(index: int, **started: Any) -> dict[str, Any]:
        return {"type": "content_block_start", "index": index, "content_block": started}

    def part(index: int, **said: str) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": said}

    result = {"type": "web_search_result", "title": "found", "url": "https://a"}
    found, alone = lanes(
        Messages(may_stream=True),
        {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": []}},
        block(0, type="thinking", thinking="", signature=""),
        part(0, type="thinking_delta", thinking="let me "),
        part(0, type="thinking_delta", thinking="think"),
        block(1, type="text", text="w"),
        part(1, type="text_delta", text="or"),
        part(1, type="text_delta", text="ds"),
        block(2, type="tool_use", id="toolu_1", name="send", input={"whole": "yes"}),
        part(2, type="input_json_delta", partial_json='{"to'),
        part(2, type="input_json_delta", partial_json='":1}'),
        block(3, type="web_search_tool_result", content=[result]),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    )
    assert found == {
        "0.reasoning": ("let me think", "assistant"),
        "1.text": ("words", "assistant"),
        "2.arguments": ('{"to":1}', "arguments"),
    }
    assert alone == ["msg_1", "toolu_1", "send", "whole", "yes", "found", "https://a"]


def test_responses() -> None:
    def event(kind: str, **members: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "output_index": 0, **members}

    item = {"type": "function_call", "name": "send", "arguments": '{"to": "dave"}'}
    message = {"type": "message", "content": [{"type": "output_text", "text": "words"}]}
    found, alone = lanes(
        Responses(may_answer=True),
        event("content_part.added", content_index=0, part={"type": "output_text", "text": "w"}),
        event("output_text.delta", content_index=0, item_id="msg_1", delta="or"),
        event("output_text.delta", content_index=0, item_id="msg_1", delta="ds"),
        event("reasoning_summary_text.delta", summary_index=0, delta="thought"),
        event("function_call_arguments.delta", delta='{"to"'),
        event("function_call_arguments.delta", delta=": 1}"),
        event("function_call_arguments.done", arguments='{"to": 1}'),
        event("output_text.done", content_index=0, text="words"),
        event("output_item.done", item=item),
        {"type": "response.completed", "response": {"output": [message], "instructions": "rules"}},
    )
    assert found == {
        "0.0.text": ("words", "assistant"),
        "0.0.summary": ("thought", "assistant"),
        "0.arguments": ('{"to": 1}', "arguments"),
    }
    assert alone == ["msg_1", "msg_1", "to", "words", "send", "to", "dave", "words", "rules"]


def test_what_nobody_sees_of_responses_is_told() -> None:
    spoken = Responses(may_answer=True)
    image = {"type": "response.image_generation_call.partial_image", "partial_image_b64": "AAEC"}
    assert hidden(spoken, image) == [("image", "other")]
    assert hidden(spoken, {"type": "response.audio.delta", "delta": "AAEC"}) == [("audio", "other")]


def test_contents() -> None:
    def event(*parts: dict[str, Any], index: int = 0) -> dict[str, Any]:
        return {"candidates": [{"index": index, "content": {"role": "model", "parts": parts}}]}

    argument = {"jsonPath": "$.to", "stringValue": "dave"}
    found, alone = lanes(
        GenerateContent(generates=True, streams=True),
        event({"text": "let me ", "thought": True}),
        event({"text": "think", "thought": True}, {"text": "wor"}),
        event({"text": "ds"}, index=0),
        event({"text": "other"}, index=1),
        event({"functionCall": {"name": "send", "args": {"to": "dave"}}}),
        event({"functionCall": {"partialArgs": [argument]}}),
    )
    assert found == {
        "0.reasoning": ("let me think", "assistant"),
        "0.text": ("words", "assistant"),
        "1.text": ("other", "assistant"),
        "0.arguments": ("dave", "arguments"),
    }
    assert alone == ["send", "to", "dave", "$.to"]


def test_converse() -> None:
    def part(index: int, **said: Any) -> dict[str, Any]:
        return {"contentBlockIndex": index, "delta": said, "p": "abc"}

    start = {"toolUse": {"toolUseId": "t1", "name": "send"}}
    found, alone = lanes(
        Converse(streams=True),
        {"role": "assistant", "p": "ab"},
        part(0, reasoningContent={"text": "let me "}),
        part(0, reasoningContent={"text": "think"}),
        part(1, text="wor"),
        part(1, text="ds"),
        {"contentBlockIndex": 2, "start": start},
        part(2, toolUse={"input": '{"to'}),
        part(2, toolUse={"input": '":1}'}),
    )
    assert found == {
        "0.reasoning": ("let me think", "assistant"),
        "1.text": ("words", "assistant"),
        "2.arguments": ('{"to":1}', "arguments"),
    }
    assert [text for text in alone if text not in ("ab", "abc")] == ["t1", "send"]


def test_what_nobody_sees_of_converse_is_told() -> None:
    event = {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2VhbGVk"}}}
    assert hidden(Converse(streams=True), event) == [("encrypted", "assistant")]
