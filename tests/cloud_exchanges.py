"""What is asked of Google and of Amazon for `tests/exchanges.py`, and what their simulators say."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gatebook.app.simulated import (
    bedrock as simulated_bedrock,
    gemini as simulated_gemini,
)

VENDORS: Final = ("bedrock", "gemini")
BASE_URLS: Final = {
    "bedrock": "https://bedrock-runtime.eu-central-1.amazonaws.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
HEADERS: Final = {
    "bedrock": {"amz-sdk-invocation-id": "5e3a1d9c"},
    "gemini": {"x-goog-api-key": "KEY"},
}

_GEMINI: Final = "gemini-2.5-flash"
_MODEL: Final = f"/v1beta/models/{_GEMINI}"
_EMBEDDING: Final = "/v1beta/models/gemini-embedding-001"
_HI: Final = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
_OWN: Final = {"functionDeclarations": [{"name": "look_up", "parameters": {"type": "OBJECT"}}]}
_MCP: Final = {
    "mcpServers": [{"name": "x", "streamableHttpTransport": {"url": "https://mcp.example.com/mcp"}}]
}
_FILE: Final = {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a.png"}}
_THINKS: Final = {"thinkingConfig": {"includeThoughts": True}}

_HAIKU: Final = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0"
_SAYS_HI: Final = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
_SPEC: Final = {"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}
_S3: Final = {"s3Location": {"uri": "s3://bucket/a.pdf"}}
_REASONS: Final = {
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}
}

# By vendor and file: path, and for each exchange its name, body and terms.
ASKED: Final[dict[str, dict[str, tuple[str, list[tuple[str, Any, dict[str, Any]]]]]]] = {
    "gemini": {
        "generateContent": (
            f"{_MODEL}:generateContent",
            [
                ("whole", _HI, {}),
                ("an unknown member is named", {**_HI, "brandNew": [1.5]}, {}),
                ("a limit is put in", _HI, {"max_tokens": 50}),
                (
                    "snake case, and one object where a list is due",
                    {
                        "contents": {"parts": {"text": "hi"}},
                        "generation_config": {"max_output_tokens": 9, "candidate_count": 2},
                    },
                    {"max_tokens": 50},
                ),
                ("a tool of the agent's own", {**_HI, "tools": [_OWN]}, {}),
                (
                    "tools that Google runs, a cache and a file",
                    {
                        "contents": [{"parts": [{"text": "what is this?"}, _FILE]}],
                        "tools": [{"google_search": {}}, _MCP],
                        "cachedContent": "cachedContents/a",
                    },
                    {},
                ),
                ("signed thoughts", {**_HI, "generationConfig": _THINKS}, {}),
            ],
        ),
        "streamGenerateContent": (
            f"{_MODEL}:streamGenerateContent?alt=sse",
            [
                ("streamed", _HI, {}),
                ("two candidates", {**_HI, "generationConfig": {"candidateCount": 2}}, {}),
                (
                    "a tool and signed thoughts",
                    {**_HI, "tools": [_OWN], "generationConfig": _THINKS},
                    {"max_tokens": 50},
                ),
            ],
        ),
        "countTokens": (
            f"{_MODEL}:countTokens",
            [
                ("contents", _HI, {"max_tokens": 50}),
                ("a request", {"generateContentRequest": {**_HI, "tools": [_MCP]}}, {}),
            ],
        ),
        "embedContent": (
            f"{_EMBEDDING}:embedContent",
            [("one", {"content": {"parts": [{"text": "a"}]}}, {})],
        ),
        "batchEmbedContents": (
            f"{_EMBEDDING}:batchEmbedContents",
            [
                (
                    "two",
                    {
                        "requests": [
                            {
                                "model": "models/gemini-embedding-001",
                                "content": {"parts": [{"text": text}]},
                            }
                            for text in "ab"
                        ]
                    },
                    {},
                )
            ],
        ),
        "models": ("/v1beta/models?pageSize=5", [("a page", None, {})]),
        "models.retrieve": (_MODEL, [("one", None, {})]),
    },
    "bedrock": {
        "converse": (
            f"{_HAIKU}/converse",
            [
                ("whole", _SAYS_HI, {}),
                ("an unknown member is named", {**_SAYS_HI, "brandNew": [1.5]}, {}),
                ("a limit is put in", _SAYS_HI, {"max_tokens": 50}),
                (
                    "a limit of its own",
                    {**_SAYS_HI, "inferenceConfig": {"maxTokens": 9}},
                    {"max_tokens": 50},
                ),
                ("a tool of the agent's own", {**_SAYS_HI, "toolConfig": {"tools": [_SPEC]}}, {}),
                (
                    "a tool that the vendor runs, and fields that go past Converse",
                    {
                        **_SAYS_HI,
                        "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
                        "additionalModelRequestFields": {"top_k": 5, "anthropic_beta": ["x"]},
                    },
                    {},
                ),
                (
                    "a document that lies elsewhere",
                    {
                        "messages": [
                            {
                                "role": "user",
                                "content": [
                                    {"document": {"format": "pdf", "name": "a", "source": _S3}}
                                ],
                            }
                        ]
                    },
                    {},
                ),
                ("signed reasoning", {**_SAYS_HI, **_REASONS}, {}),
            ],
        ),
        "converse-stream": (
            f"{_HAIKU}/converse-stream",
            [
                ("streamed", _SAYS_HI, {"max_tokens": 50}),
                ("a tool", {**_SAYS_HI, "toolConfig": {"tools": [_SPEC]}}, {}),
                ("signed reasoning", {**_SAYS_HI, **_REASONS}, {}),
            ],
        ),
    },
}


def reply(vendor: str, operation: str, body: dict[str, Any], said: str) -> bytes | Iterator[bytes]:
    """What the simulated provider answers."""
    if vendor == "bedrock":
        asked = msgspec.convert(body, simulated_bedrock.Request)
        if operation == "converse":
            return simulated_bedrock.whole(asked, "", said).body
        return simulated_bedrock.events(asked, "", said)
    if operation.startswith("models"):
        return simulated_gemini.listed("" if operation == "models" else _GEMINI).body
    request = msgspec.convert(body, simulated_gemini.Request)
    at = simulated_gemini.Asked(_GEMINI, operation)
    if operation == "streamGenerateContent":
        return simulated_gemini.events(request, at, said)
    return simulated_gemini.whole(request, at, said).body
