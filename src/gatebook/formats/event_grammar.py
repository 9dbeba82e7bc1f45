"""Where in the events of streams what stands, and from whom; `grammar.py` has what is whole.

A text that the next event goes on with has a rule with a lane.
"""

from typing import Final

from gatebook.formats.content import Origin, Rule
from gatebook.formats.grammar import (
    ARGUMENTS,
    AUDIO,
    CHANCES,
    CITED,
    CONTENT_REPLY,
    IMAGE_DATA,
    JSON_ARGUMENTS,
    MESSAGE_REPLY,
    PART,
    RESPONSE_REPLY,
    SAID,
    SEALED,
)


def _piece(lane: str, origin: Origin = "assistant") -> Rule:
    """A text that the next event goes on with."""
    return Rule(origin, lane=lane)


_TEXT: Final = _piece("text")
_REASONING: Final = _piece("reasoning")
_SIGNED: Final = Rule("assistant", "signed", lane="reasoning")
_CALLED: Final = _piece("name", "arguments")
_CALL: Final = _piece("arguments", "arguments")

_SPOKEN: Final = Rule(
    "assistant",
    lane="text",
    members={
        "text": _TEXT,
        "thinking": Rule("assistant", lane="reasoning", members={"text": _REASONING}),
    },
)
"""A text, or as Mistral has it, a list of what is text and what is thought."""
_CALL_PART: Final = Rule("arguments", members={"name": _CALLED, "arguments": _CALL, "input": _CALL})
CHAT_EVENT: Final = Rule(
    "other",
    members={
        "choices": Rule(
            "assistant",
            members={
                "text": _TEXT,
                "logprobs": CHANCES,
                "message": SAID,
                "delta": Rule(
                    "assistant",
                    members={
                        "content": _SPOKEN,
                        **dict.fromkeys(("reasoning_content", "reasoning", "thinking"), _REASONING),
                        "reasoning_details": Rule(
                            "assistant",
                            members={
                                **dict.fromkeys(("text", "summary"), _REASONING),
                                **dict.fromkeys(("data", "signature"), SEALED),
                            },
                        ),
                        "refusal": _piece("refusal"),
                        "tool_calls": Rule(
                            "arguments",
                            members={"function": _CALL_PART, "custom": _CALL_PART},
                        ),
                        "function_call": _CALL_PART,
                        "audio": Rule(
                            "assistant",
                            members={"data": AUDIO, "transcript": _piece("transcript")},
                        ),
                        "annotations": CITED,
                    },
                ),
            },
        ),
    },
)

_LANES: Final = {
    "output_text": _TEXT,
    "text": _TEXT,
    "refusal": _piece("refusal"),
    "reasoning_text": _REASONING,
    "reasoning_summary_text": _piece("summary"),
    "summary_text": _piece("summary"),
    "function_call_arguments": _CALL,
    "mcp_call_arguments": _CALL,
    "custom_tool_call_input": _CALL,
    "code_interpreter_call_code": _CALL,
    "shell_call_command": _CALL,
    "shell_call_output_content": _piece("output", "tool"),
    "audio": AUDIO,
    "audio.transcript": _piece("transcript"),
}
_BEGUN: Final = Rule(
    "assistant",
    by=("type",),
    kinds={
        kind: Rule("assistant", members=dict.fromkeys(("text", "refusal"), lane))
        for kind, lane in _LANES.items()
    },
)
RESPONSE_EVENT: Final = Rule(
    "other",
    by=("type",),
    kinds={
        **{
            f"response.{kind}.delta": Rule("other", members={"delta": lane, "logprobs": CHANCES})
            for kind, lane in _LANES.items()
        },
        **dict.fromkeys(
            ("response.content_part.added", "response.reasoning_summary_part.added"),
            Rule("other", members={"part": _BEGUN}),
        ),
        "response.output_item.added": Rule("other", members={"item": SAID}),
    },
    members={
        "response": RESPONSE_REPLY,
        **dict.fromkeys(("item", "part"), SAID),
        **dict.fromkeys(("text", "refusal", "transcript"), Rule("assistant")),
        "arguments": JSON_ARGUMENTS,
        **dict.fromkeys(("input", "code", "command"), ARGUMENTS),
        "output": Rule("tool"),
        "annotation": CITED,
        "partial_image_b64": IMAGE_DATA,
        "logprobs": CHANCES,
    },
)
MESSAGE_EVENT: Final = Rule(
    "other",
    members={
        "message": MESSAGE_REPLY,
        "content_block": Rule(
            "assistant",
            by=("type",),
            kinds={
                **PART.kinds,
                "text": Rule("assistant", members={"text": _TEXT, "citations": CITED}),
            },
            members={**PART.members, "thinking": _SIGNED},
        ),
        "delta": Rule(
            "assistant",
            members={
                **dict.fromkeys(("text", "content"), _TEXT),
                "thinking": _SIGNED,
                "partial_json": _CALL,
                **dict.fromkeys(("signature", "encrypted_content"), SEALED),
                "citation": CITED,
            },
        ),
    },
)
_GOOGLE_CALL: Final = Rule(
    "arguments",
    members={
        **dict.fromkeys(("name", "args"), ARGUMENTS),
        "partialArgs": Rule("arguments", members={"jsonPath": ARGUMENTS, "stringValue": _CALL}),
    },
)
_THOUGHT: Final = Rule("assistant", members={"text": _REASONING, "thoughtSignature": SEALED})
_GOOGLE_PART: Final = Rule(
    "assistant",
    by=("thought",),
    kinds={True: _THOUGHT},
    members={**PART.members, "text": _TEXT, "functionCall": _GOOGLE_CALL},
)
CONTENT_EVENT: Final = Rule(
    "other",
    members={
        "candidates": Rule(
            "other",
            members={
                **CONTENT_REPLY.members["candidates"].members,
                "content": Rule("assistant", members={"parts": _GOOGLE_PART}),
            },
        ),
    },
)
CONVERSE_EVENT: Final = Rule(
    "other",
    members={
        "start": SAID,
        "delta": Rule(
            "assistant",
            members={
                "text": _TEXT,
                "toolUse": Rule("arguments", members={"input": _CALL}),
                "toolResult": Rule("tool", members={"text": _piece("result", "tool")}),
                "reasoningContent": Rule(
                    "assistant",
                    members={
                        "text": _SIGNED,
                        **dict.fromkeys(("signature", "redactedContent"), SEALED),
                    },
                ),
                "citation": CITED,
            },
        ),
    },
)
