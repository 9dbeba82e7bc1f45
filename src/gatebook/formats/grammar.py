"""Where in requests and replies what stands, and from whom: the rules of all formats.

Events have theirs in `event_grammar.py`. What has no rule is looked at all the same. Rules are
shared where vendors' names do not clash, because servers take from one another what they know.
Sources: as `vocabulary.py`.
"""

from typing import Final

from gatebook.formats.content import TEXT, Origin, Rule
from gatebook.formats.opaque import Kind
from gatebook.formats.vocabulary import MESSAGE_RESULTS

ARGUMENTS: Final = Rule("arguments")
JSON_ARGUMENTS: Final = Rule("arguments", "json")
_DOCUMENT: Final = Rule("document")
_DEFINITION: Final = Rule("definition", "word")
SEALED: Final = Rule(how="sealed")
_HELD: Final = Rule(how="held")
_DATA: Final = Rule(how="data")
IMAGE_DATA: Final = Rule(how="data", kind="image")
AUDIO: Final = Rule(how="data", kind="audio")
_TOKENS: Final = Rule("user", "tokens")
CHANCES: Final = Rule("assistant", "tokens")
"""Tokens with their likelihoods: what is said, once more in parts and as bytes."""
_BIAS: Final = Rule("other", "tokens")
CITED: Final = Rule("document", members={"encrypted_index": SEALED}, rest=_DOCUMENT)


def _at(kind: Kind) -> Rule:
    """An address, or an object that holds one."""
    return Rule(how="link", kind=kind, members=dict.fromkeys(("url", "uri", "fileUri"), ""))


# -- what is said ----------------------------------------------------------------------------------

_FUNCTION: Final = Rule(
    "arguments",
    members={
        **dict.fromkeys(("name", "input", "args"), ARGUMENTS),
        "arguments": JSON_ARGUMENTS,
    },
)
_KINDS: Final[dict[str | bool, Rule | Origin]] = {
    **dict.fromkeys(
        (
            *("tool_result", "mcp_tool_result", "web_fetch_tool_result", *MESSAGE_RESULTS),
            *("function_call_output", "custom_tool_call_output", "computer_call_output"),
            *("local_shell_call_output", "shell_call_output", "apply_patch_call_output"),
            *("program_output", "tool_search_output"),
        ),
        "tool",
    ),
    **dict.fromkeys(
        (
            *("tool_use", "server_tool_use", "mcp_tool_use", "function_call", "custom_tool_call"),
            *("tool_search_call", "mcp_call", "mcp_approval_request", "web_search_call"),
            *("file_search_call", "computer_call", "code_interpreter_call", "local_shell_call"),
            *("shell_call", "apply_patch_call", "program"),
        ),
        "arguments",
    ),
    **dict.fromkeys(("document", "search_result"), "document"),
    "reasoning": "assistant",
    "text": Rule(members={"text": TEXT, "data": TEXT, "citations": CITED, "signature": SEALED}),
    "redacted_thinking": Rule("assistant", members={"data": SEALED}),
    "reasoning.encrypted": Rule("assistant", members={"data": SEALED}),
    "image_generation_call": Rule(
        "assistant", members={"result": IMAGE_DATA, "revised_prompt": TEXT}
    ),
    "web_search_result": Rule(
        "document",
        members={"encrypted_content": SEALED, **dict.fromkeys(("title", "url", "page_age"), TEXT)},
    ),
}
_HEARD: Final = Rule(
    members={
        **dict.fromkeys(("data", "bytes"), AUDIO),
        "id": _HELD,
        "s3Location": _at("audio"),
        "source": "",
        "transcript": TEXT,
    }
)
SIGNED: Final = Rule(how="signed", members={"text": Rule(how="signed")})
"""What a model thought; the next turn fails if it was changed."""
PART: Final = Rule(
    by=("type",),
    kinds=_KINDS,
    members={
        # what it is made of
        **dict.fromkeys(("content", "parts", "summary", "source", "reasoning"), ""),
        "thinking": SIGNED,
        "reasoningText": Rule(members={"text": SIGNED, "signature": SEALED}),
        **dict.fromkeys(("reasoning_details", "reasoningContent"), ""),
        **dict.fromkeys(("image", "video", "file", "inlineData"), ""),
        **dict.fromkeys(("inline_data", "fileData", "guardContent", "citationsContent"), ""),
        **dict.fromkeys(("text", "refusal", "reasoning_content", "name", "title", "context"), TEXT),
        **dict.fromkeys(("transcript", "filename", "displayName", "display_name"), TEXT),
        **dict.fromkeys(("json", "result", "error"), TEXT),
        # what a tool was called with, and what it answered
        **dict.fromkeys(("function_call", "custom"), _FUNCTION),
        "tool_calls": Rule("arguments", members={"function": _FUNCTION, "custom": _FUNCTION}),
        **dict.fromkeys(("functionCall", "toolUse", "toolCall"), "arguments"),
        **dict.fromkeys(("input", "args", "action", "actions", "operation"), ARGUMENTS),
        **dict.fromkeys(("code", "executableCode", "executable_code", "queries"), ARGUMENTS),
        "arguments": JSON_ARGUMENTS,
        **dict.fromkeys(("functionResponse", "function_response", "toolResponse"), "tool"),
        **dict.fromkeys(("toolResult", "output", "outputs", "codeExecutionResult"), "tool"),
        "code_execution_result": "tool",
        **dict.fromkeys(("response", "logs", "stdout", "stderr"), TEXT),
        **dict.fromkeys(("document", "searchResult"), "document"),
        "results": _DOCUMENT,
        **dict.fromkeys(("citations", "annotations"), CITED),
        **dict.fromkeys(("tools", "tool", "definition", "toolAddition"), _DEFINITION),
        # what cannot be looked into
        **dict.fromkeys(("data", "bytes"), _DATA),
        "file_data": Rule(how="data", members={"file_uri": _at("file"), "fileUri": _at("file")}),
        "image_url": _at("image"),
        "audio_url": _at("audio"),
        "video_url": _at("video"),
        **dict.fromkeys(("audio", "input_audio"), _HEARD),
        **dict.fromkeys(("url", "file_url", "document_url", "fileUri", "s3Location"), _at("file")),
        **dict.fromkeys(("file_id", "container_id"), _HELD),
        **dict.fromkeys(("signature", "thoughtSignature", "thought_signature"), SEALED),
        **dict.fromkeys(("encrypted_content", "encrypted_stdout", "redactedContent"), SEALED),
        "logprobs": CHANCES,
    },
)
_ROLES: Final[dict[str | bool, Origin]] = {
    **dict.fromkeys(("system", "developer"), "system"),
    "user": "user",
    **dict.fromkeys(("assistant", "model"), "assistant"),
    **dict.fromkeys(("tool", "function"), "tool"),
}
_MESSAGE: Final = PART.of("other", by="role", kinds=_ROLES)
SAID: Final = PART.of("assistant")


# -- requests --------------------------------------------------------------------------------------

_SHAPE: Final = dict.fromkeys(
    (
        *("tools", "functions", "response_format", "structured_outputs", "guided_json"),
        *("output_format", "output_config", "toolConfig", "tool_config", "outputConfig"),
        *("responseSchema", "response_schema", "responseJsonSchema", "response_json_schema"),
    ),
    _DEFINITION,
)
"""Members that say what may be called, or what an answer has to look like."""

CHAT: Final = Rule(
    "other",
    members={
        **_SHAPE,
        "messages": _MESSAGE,
        "prediction": SAID,
        "documents": _DOCUMENT,
        "logit_bias": _BIAS,
        **dict.fromkeys(("stop_token_ids", "allowed_token_ids"), _BIAS),
    },
)
COMPLETION: Final = Rule(
    "other",
    members={
        **_SHAPE,
        **dict.fromkeys(("prompt", "suffix"), _TOKENS),
        **dict.fromkeys(("logit_bias", "stop_token_ids", "allowed_token_ids"), _BIAS),
    },
)
RESPONSE: Final = Rule(
    "other",
    members={
        **_SHAPE,
        "input": _MESSAGE.of("user"),
        "instructions": PART.of("system"),
        "prompt": Rule("other", members={"variables": PART.of("other")}),
        "text": _DEFINITION,
        "conversation": _HELD,
        "previous_response_id": _HELD,
    },
)
MESSAGES: Final = Rule(
    "other", members={**_SHAPE, "messages": _MESSAGE, "system": PART.of("system")}
)
CONTENTS: Final = Rule(
    "other",
    members={
        **_SHAPE,
        **dict.fromkeys(("contents", "content"), _MESSAGE.of("user")),
        **dict.fromkeys(("systemInstruction", "system_instruction"), PART.of("system")),
        **dict.fromkeys(("generationConfig", "generation_config"), ""),
        **dict.fromkeys(("generateContentRequest", "generate_content_request", "requests"), ""),
        **dict.fromkeys(("cachedContent", "cached_content"), _HELD),
        "title": _DOCUMENT,
    },
)
CONVERSE: Final = Rule(
    "other", members={**_SHAPE, "messages": _MESSAGE, "system": PART.of("system")}
)
EMBEDDING: Final = Rule("other", members={"input": _TOKENS})
IMAGE: Final = Rule("other", members={"prompt": Rule("user")})
MODERATION: Final = Rule("other", members={"input": PART.of("user")})

# -- replies ---------------------------------------------------------------------------------------

CHAT_REPLY: Final = Rule(
    "other",
    members={
        "choices": Rule("assistant", members={"message": SAID, "text": TEXT, "logprobs": CHANCES}),
    },
)
RESPONSE_REPLY: Final = Rule(
    "other", members={**_SHAPE, "output": SAID, "instructions": PART.of("system")}
)
MESSAGE_REPLY: Final = Rule("other", members={"content": SAID})
CONTENT_REPLY: Final = Rule(
    "other",
    members={
        "candidates": Rule(
            "other",
            members={
                "content": SAID,
                **dict.fromkeys(("groundingMetadata", "citationMetadata"), _DOCUMENT),
                "urlContextMetadata": _DOCUMENT,
                "logprobsResult": CHANCES,
            },
        ),
    },
)
CONVERSE_REPLY: Final = Rule(
    "other", members={"output": Rule("assistant", members={"message": SAID})}
)
EMBEDDING_REPLY: Final = Rule(
    "other", members={"data": Rule("other", members={"embedding": _DATA})}
)
IMAGE_REPLY: Final = Rule(
    "other",
    members={
        "data": Rule(
            "assistant",
            members={"b64_json": IMAGE_DATA, "url": _at("image"), "revised_prompt": TEXT},
        ),
    },
)
