"""OpenAI's responses, whole and streamed: conversations that the vendor may keep and add tools to.

Source: OpenAI API reference and the types of the openai-python package, whose reading of streams is
what agents live with. Only the fields acted on are named here; all else keeps its bytes, encrypted
reasoning above all.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.formats import (
    Call,
    Follower,
    Limit,
    Terms,
    Usage,
    check_model,
    hosted,
    is_inline,
    mcp_server,
    text_bytes,
    tokens,
    unreadable,
)

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
ACTED_ON: Final = frozenset(
    (
        "model",
        "models",
        "stream",
        "max_output_tokens",
        "input",
        "tools",
        "plugins",
        "store",
        "background",
        "conversation",
        "previous_response_id",
        "prompt",
    )
)
_OF_PROMPT: Final = frozenset(("id",))
_OF_TOOL: Final = frozenset(
    ("type", "server_url", "connector_id", "tunnel_id", "environment", "execution", "tools")
)
_OF_ITEM: Final = frozenset(
    ("type", "role", "content", "output", "tools", "result", "encrypted_content")
)
_OF_PART: Final = frozenset(("type", "image_url", "file_id", "file_url"))
_OF_ENVIRONMENT: Final = frozenset(("type",))

# Tools that the agent runs itself, whatever form their calls have.
_OUR_TOOLS: Final = frozenset(
    ("function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview")
)
_SAME_TOOL: Final = {"web_search_preview": "web_search"}
_TEXT_PARTS: Final = frozenset(
    ("input_text", "output_text", "refusal", "summary_text", "reasoning_text")
)
_WHOLE_PARTS: Final = _TEXT_PARTS | {"input_audio"}
_WHOLE_ITEMS: Final = frozenset(
    (
        "function_call",
        "custom_tool_call",
        "web_search_call",
        "file_search_call",
        "tool_search_call",
        "computer_call",
        "code_interpreter_call",
        "local_shell_call",
        "local_shell_call_output",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "configuration_update",
        "compaction",
        "compaction_trigger",
        "program",
        "program_output",
    )
)
_TERMINAL: Final = frozenset(("response.completed", "response.failed", "response.incomplete"))
_FAILED: Final = frozenset(("response.failed", "error"))


class _Asked(msgspec.Struct):
    model: str | None = None
    models: list[str] | None = None
    stream: bool | None = None
    max_output_tokens: Limit | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    sequence_number: int = 0
    delta: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = json_text.NULL
    error: Any = None


_ASKED: Final = msgspec.json.Decoder(_Asked)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_EVENT: Final = msgspec.json.Decoder(_Event)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ERROR: Final = msgspec.json.Decoder(dict[str, dict[str, Any]])


class Responses:
    """A format; see `gatebook.formats.Format`."""

    def __init__(self, *, may_answer: bool) -> None:
        """Responses stream and are kept; the counting of their tokens takes the same body."""
        self._may_answer = may_answer
        self.stream_type = b"text/event-stream" if may_answer else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, ACTED_ON)
        asked = json_text.decode(_ASKED, call.body)
        model = call.model or asked.model or ""
        check_model(model)
        said = _Said(found)
        said.hosted.update([f"fallback:{hosted(each)}" for each in asked.models or ()])
        keeps = asked.store or asked.background or asked.previous_response_id or said.has_state
        by_default: Any = "default" if asked.store is None and self._may_answer else "none"
        return replace(
            call,
            model=model,
            streamed=bool(asked.stream and self._may_answer),
            max_tokens=asked.max_output_tokens if self._may_answer else 0,
            hosted_tools=tuple(sorted(said.hosted)),
            state="asked" if keeps else by_default,
            has_references=said.has_references or bool(asked.previous_response_id),
            is_text=said.is_text and not said.has_references and not asked.previous_response_id,
        )

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with a limit to its output tokens, and not stored, where it says nothing."""
        if terms.max_tokens is not None and call.max_tokens is None:
            limit = b"%d" % terms.max_tokens
            body = json_text.with_member(call.body, "max_output_tokens", limit)
            call = replace(call, body=body, max_tokens=terms.max_tokens)
        if terms.is_stateless and call.state == "default":
            call = replace(
                call, body=json_text.with_member(call.body, "store", b"false"), state="none"
            )
        return call

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return _usage(_WHOLE.decode(body).usage)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> "ResponseStream":
        """The follower of a streamed reply."""
        del call
        return ResponseStream()


class ResponseStream(Follower):
    """Follows the events of a response; the one that ends it, with the usage, waits for `end`."""

    def __init__(self) -> None:
        super().__init__()
        self._last_number = -1
        self._response: msgspec.Raw | None = None

    def cut(self) -> bytes:
        """An end that a filter of content makes: the response as it was, incomplete."""
        if self._response is None:
            return b""
        response: dict[str, Any] = {
            **_OBJECT.decode(self._response),
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
        }
        return self._event({"type": "response.incomplete", "response": response})

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream, as OpenAI's own event and with the error within.

        The Python package raises APIError for the latter, and gives the former to the agent as if
        nothing were wrong.
        """
        error = _ERROR.decode(body)["error"]
        said = {name: error.get(name) for name in ("code", "message", "param")}
        return self._event({"type": "error", **said, "error": error})

    def _passed(self, event: bytes, data: bytes) -> bytes:
        if data.strip() == b"[DONE]":  # of other servers; it is no end without the event before it
            return event
        found = _EVENT.decode(data)
        self.chunks += 1
        self.text_bytes += text_bytes(found.delta)
        self._last_number = max(self._last_number, found.sequence_number)
        if json_text.begins(found.response, b"{"):
            self._response = found.response
        if found.type in _FAILED or found.error is not None:
            self.has_failed = True
        if found.type in _TERMINAL:
            self.usage = _usage(_WHOLE.decode(self._response or b"{}").usage)
            self.is_complete = True
            self._end = event
            return b""
        return event

    def _event(self, data: dict[str, Any]) -> bytes:
        self._last_number += 1
        text = msgspec.json.encode({**data, "sequence_number": self._last_number})
        return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), text)


class _Said:
    """What is decided on of a body beside its model; raises Invalid for what cannot be read."""

    def __init__(self, found: Mapping[str, msgspec.Raw]) -> None:
        self.hosted: set[str] = set()
        self.is_text = True
        self.has_state = self.has_references = json_text.is_set(found.get("conversation"))
        if json_text.is_set(found.get("plugins")):
            self.hosted.add("plugins")
        self._take_prompt(found.get("prompt"))
        self._take_tools(found.get("tools"))
        contents: list[msgspec.Raw | None] = []
        for item in json_text.objects_in([found.get("input")], _OF_ITEM):
            self._take_item(item, contents)
        for part in json_text.objects_in(contents, _OF_PART):
            self._take_part(part)

    def _take_prompt(self, prompt: msgspec.Raw | None) -> None:
        """Instructions, and maybe tools, that stand at the vendor."""
        if json_text.is_set(prompt):
            found = json_text.check_unique(bytes(prompt or b""), _OF_PROMPT)
            self.hosted.add(f"prompt:{hosted(json_text.text_of(found.get('id')))}")
            self._refers_to_state()

    def _take_tools(self, tools: msgspec.Raw | None) -> None:
        for tool in json_text.objects(tools, _OF_TOOL):
            kind = json_text.text_of(tool.get("type"))
            if kind == "mcp":
                self._take_server(tool)
            elif kind == "namespace":
                self._take_tools(tool.get("tools"))
            elif kind not in _OUR_TOOLS and not _is_run_by_us(kind, tool):
                name = hosted(kind)
                self.hosted.add(_SAME_TOOL.get(name, name))
                self.has_references |= name == "file_search"

    def _take_server(self, tool: Mapping[str, msgspec.Raw]) -> None:
        url = json_text.text_of(tool.get("server_url"))
        ids = [json_text.text_of(tool.get(name)) for name in ("connector_id", "tunnel_id")]
        names = [f"mcp:{hosted(each)}" for each in ids if each]
        self.hosted.update(names if names and not url else [*names, mcp_server(url)])

    def _take_item(
        self, item: Mapping[str, msgspec.Raw], contents: list[msgspec.Raw | None]
    ) -> None:
        """A part of the conversation; `contents` takes what it says.

        What nobody knows may not be all there.
        """
        match json_text.text_of(item.get("type")):
            case kind if kind in _WHOLE_ITEMS:
                pass
            case "message":
                contents.append(item.get("content"))
            case "" if "role" in item:
                contents.append(item.get("content"))
            case "function_call_output" | "custom_tool_call_output":
                contents.append(item.get("output"))
            case "computer_call_output":
                output = bytes(item.get("output") or b"null")
                self._take_part(json_text.check_unique(output, _OF_PART))
            case "additional_tools" | "tool_search_output":
                self._take_tools(item.get("tools"))
            case "reasoning" if {"content", "encrypted_content"} & _set_in(item):
                pass
            case "image_generation_call" if "result" in _set_in(item):
                self.is_text = False
            case "reasoning" | "image_generation_call" | "item_reference" | "":
                self._refers_to_state()
            case _:
                self.has_references = True

    def _take_part(self, part: Mapping[str, msgspec.Raw]) -> None:
        kind = json_text.text_of(part.get("type"))
        self.is_text &= kind in _TEXT_PARTS
        if kind in _WHOLE_PARTS:
            return
        is_whole = kind in ("input_image", "input_file", "computer_screenshot")
        image = json_text.text_of(part.get("image_url"))
        elsewhere = {"file_id", "file_url"} & _set_in(part)
        if not is_whole or elsewhere or (image and not is_inline(image)):
            self.has_references = True

    def _refers_to_state(self) -> None:
        self.has_state = self.has_references = True


def _is_run_by_us(kind: str, tool: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the agent runs a tool that the vendor may run too."""
    if kind == "tool_search":
        return json_text.text_of(tool.get("execution")) == "client"
    if kind == "shell" and json_text.begins(tool.get("environment"), b"{"):
        environment = json_text.check_unique(bytes(tool["environment"]), _OF_ENVIRONMENT)
        return json_text.text_of(environment.get("type")) == "local"
    return False


def _set_in(item: Mapping[str, msgspec.Raw]) -> set[str]:
    return {name for name, value in item.items() if json_text.is_set(value)}


def _usage(reported: object) -> Usage:
    said = reported.get("input_tokens_details") if isinstance(reported, dict) else None
    return Usage(
        tokens_in=tokens(reported, "input_tokens") or 0,
        tokens_out=tokens(reported, "output_tokens") or 0,
        cache_read=tokens(said, "cached_tokens") or 0,
        cache_written=tokens(said, "cache_write_tokens") or 0,
    )
