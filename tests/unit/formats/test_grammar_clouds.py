"""In Google's and Amazon's formats: from whom each text is, and what nobody sees."""

from typing import Any

from gatebook.formats.converse import Converse
from gatebook.formats.generate_content import GenerateContent
from tests.contents import NOTE, PNG, answered, blind, said

CONTENTS = GenerateContent(generates=True)
CONVERSE = Converse(streams=False)


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
    assert said(CONTENTS, **request) == expected
    assert said(CONTENTS, requests=[{"generateContentRequest": request}]) == expected


def test_what_nobody_sees_of_contents_is_told() -> None:
    parts = [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"fileData": {"fileUri": "https://a/b.mp4"}},
        {"text": "a", "thoughtSignature": "c2VhbGVk"},
    ]
    assert blind(CONTENTS, contents=[{"parts": parts}], cachedContent="cachedContents/a") == [
        ("image", "user"),
        ("link", "user"),
        ("encrypted", "user"),
        ("file", "other"),
    ]


def test_generated_contents() -> None:
    assert answered(
        CONTENTS,
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
