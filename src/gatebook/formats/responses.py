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
from gatebook.formats import Call, Limit, Readable, Terms, Usage, unreadable
from gatebook.formats.asking import Asking, hosted, unknown_kind
from gatebook.formats.event_grammar import RESPONSE_EVENT
from gatebook.formats.grammar import RESPONSE, RESPONSE_REPLY
from gatebook.formats.response_stream import ResponseStream, usage_of
from gatebook.formats.vocabulary import (
    RESPONSE_FILES,
    RESPONSE_ITEMS,
    RESPONSE_MEMBERS,
    RESPONSE_TEXTS,
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
        "instructions",
        "tools",
        "tool_choice",
        "plugins",
        "preset",
        "context_management",
        "store",
        "background",
        "conversation",
        "previous_response_id",
        "prompt",
    )
)
_OF_PROMPT: Final = frozenset(("id", "variables"))
_OF_TOOL: Final = frozenset(
    (
        *("type", "server_url", "connector_id", "tunnel_id", "environment", "execution", "tools"),
        *("container", "vector_store_ids", "input_image_mask", "model"),
    )
)
_OF_ITEM: Final = frozenset(("type", "id", "role", "container_id", "environment")).union(
    *RESPONSE_ITEMS.values()
)
_OF_PART: Final = frozenset(
    ("type", "image_url", "file_id", "file_url", "file_data", "input_audio")
)
_OF_AUDIO: Final = frozenset(("data",))
# Where code of the vendor's runs, and what of the account it is given there.
_OF_PLACE: Final = frozenset(("type", "container_id", "file_ids", "skills"))
_OF_SKILL: Final = frozenset(("skill_id",))
_OF_MASK: Final = frozenset(("image_url", "file_id"))

# Tools that the agent runs itself, whatever form their calls have.
_OUR_TOOLS: Final = frozenset(
    ("function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview")
)
_SAME_TOOL: Final = {"web_search_preview": "web_search"}
_NO_TEXT: Final = msgspec.Raw(b'""')


class _Asked(msgspec.Struct):
    model: str | None = None
    models: list[str] | None = None
    stream: bool | None = None
    max_output_tokens: Limit | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class Responses(Readable):
    """A format; see `gatebook.formats.Format`."""

    asks = RESPONSE
    answers = RESPONSE_REPLY
    tells = RESPONSE_EVENT

    def __init__(self, *, may_answer: bool) -> None:
        """Responses stream and are kept; the counting of their tokens takes the same body."""
        self._may_answer = may_answer
        self.stream_type = b"text/event-stream" if may_answer else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, ACTED_ON)
        asked = json_text.decode(_ASKED, call.body)
        said = _Said(found)
        said.ask(call.model or asked.model or "", asked.models)
        if asked.store or asked.background:
            said.has_state = True
        if asked.previous_response_id:
            said.look_up()
        by_default: Any = "default" if asked.store is None and self._may_answer else "none"
        return replace(
            said.of(replace(call, state=by_default)),
            model=call.model or asked.model,
            streamed=bool(asked.stream and self._may_answer),
            max_tokens=asked.max_output_tokens if self._may_answer else 0,
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
            return usage_of(body)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> ResponseStream:
        """The follower of a streamed reply."""
        del call
        return ResponseStream()


class _Said(Asking):
    """What is decided on of a body beside its model; raises Invalid for what cannot be read."""

    def __init__(self, found: Mapping[str, msgspec.Raw]) -> None:
        super().__init__()
        self.take_members(found, ACTED_ON | RESPONSE_MEMBERS)
        for name in ("plugins", "preset"):
            if json_text.is_set(found.get(name)):
                self.run(name)
        if json_text.is_set(found.get("conversation")):
            self.look_up()
        self.is_repeated = json_text.is_set(found.get("context_management"))
        self._take_prompt(found.get("prompt"))
        self._take_tools(found.get("tools"))
        self._take_choice(found.get("tool_choice"))
        contents: list[msgspec.Raw | None] = []
        said = [found.get("instructions"), found.get("input")]
        for item in json_text.objects_in(said, _OF_ITEM):
            self._take_item(item, contents)
        for part in json_text.objects_in(contents, _OF_PART):
            self._take_part(part)

    def _take_prompt(self, prompt: msgspec.Raw | None) -> None:
        """Instructions, and maybe tools, that stand at the vendor."""
        if json_text.is_set(prompt):
            found = json_text.object_of(prompt, _OF_PROMPT)
            self.run_of("prompt", json_text.text_of(found.get("id")))
            self.look_up()
            for value in json_text.object_of(found.get("variables"), ()).values():
                if json_text.begins(value, b"{"):
                    self._take_part(json_text.object_of(value, _OF_PART))

    def _take_tools(self, tools: msgspec.Raw | None) -> None:
        for tool in json_text.objects(tools, _OF_TOOL):
            kind = json_text.text_of(tool.get("type"))
            if kind == "mcp":
                self._take_server(tool)
            elif kind == "namespace":
                self._take_tools(tool.get("tools"))
            elif kind not in _OUR_TOOLS and not _is_run_by_us(kind, tool):
                self._take_hosted(kind, tool)

    def _take_choice(self, choice: msgspec.Raw | None) -> None:
        """What may be used of the tools, among which a server may be that was not offered."""
        if not json_text.begins(choice, b"{"):
            return
        found = json_text.object_of(choice, _OF_TOOL)
        for tool in [found, *json_text.objects(found.get("tools"), _OF_TOOL)]:
            if {"server_url", "connector_id", "tunnel_id"} & _set_in(tool):
                self._take_server(tool)

    def _take_server(self, tool: Mapping[str, msgspec.Raw]) -> None:
        url = json_text.text_of(tool.get("server_url"))
        ids = [json_text.text_of(tool.get(name)) for name in ("connector_id", "tunnel_id")]
        for each in filter(None, ids):
            self.run_of("mcp", each)
        if url or not any(ids):
            self.call_server(url)

    def _take_hosted(self, kind: str, tool: Mapping[str, msgspec.Raw]) -> None:
        """A tool that the vendor runs, and what of the account it reaches into."""
        name = hosted(kind)
        self.run(_SAME_TOOL.get(name, name))
        if model := json_text.text_of(tool.get("model")):
            self.run_of(name, model)
        if json_text.is_set(tool.get("vector_store_ids")):
            self.look_up()
        self._take_place(tool.get("container"))
        self._take_place(tool.get("environment"))
        mask = json_text.object_of(tool.get("input_image_mask"), _OF_MASK)
        self._take_source(mask, "image_url")

    def _take_place(self, place: msgspec.Raw | None) -> None:
        """Where code runs: in a container of its own, or in one that is named."""
        if not json_text.begins(place, b"{"):
            self.has_state |= bool(json_text.text_of(place))
            return
        found = json_text.object_of(place, _OF_PLACE)
        self.has_state |= bool({"container_id", "file_ids"} & _set_in(found))
        for skill in json_text.objects(found.get("skills"), _OF_SKILL):
            if json_text.is_set(skill.get("skill_id")):
                self.run_of("skill", json_text.text_of(skill["skill_id"]))

    def _take_item(
        self, item: Mapping[str, msgspec.Raw], contents: list[msgspec.Raw | None]
    ) -> None:
        """A part of the conversation; `contents` takes what it says."""
        kind = self._kind_of(item)
        match kind:
            case "message":
                contents.append(item.get("content"))
            case "function_call_output" | "custom_tool_call_output":
                contents.append(item.get("output"))
            case "computer_call_output":
                self._take_part(json_text.object_of(item.get("output"), _OF_PART))
            case "additional_tools" | "tool_search_output":
                self._take_tools(item.get("tools"))
            case "image_generation_call":
                self.is_text = False
            case "code_interpreter_call":
                self._take_place(item.get("container_id"))
            case "shell_call":
                self._take_place(item.get("environment"))

    def _kind_of(self, item: Mapping[str, msgspec.Raw]) -> str:
        """What an item is; raises Invalid for what nobody knows."""
        has = _set_in(item)
        kind = json_text.text_of(item.get("type"))
        if not kind:
            kind = "message" if {"role", "content"} & has else "item_reference"
        own = RESPONSE_ITEMS.get(kind)
        if own is None:
            raise unknown_kind("item", kind)
        if not own or ("id" in has and not any(_says(item.get(name)) for name in own)):
            self.look_up()
        return kind

    def _take_part(self, part: Mapping[str, msgspec.Raw]) -> None:
        kind = json_text.text_of(part.get("type"))
        if kind in RESPONSE_TEXTS:
            return
        if kind == "input_audio":
            audio = json_text.object_of(part.get("input_audio"), _OF_AUDIO)
            self.is_priced_apart = True
            self.show_data(json_text.text_of(audio.get("data")))
        elif kind in RESPONSE_FILES:
            self.show_data(json_text.text_of(part.get("file_data")))
            self._take_source(part, "image_url", "file_url")
        else:
            raise unknown_kind("content", kind)

    def _take_source(self, source: Mapping[str, msgspec.Raw], *addresses: str) -> None:
        """Where something that is shown comes from, if it comes from elsewhere."""
        for name in addresses:
            if url := json_text.text_of(source.get(name)):
                self.show(url)
        if json_text.is_set(source.get("file_id")):
            self.look_up()


def _is_run_by_us(kind: str, tool: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the agent runs a tool that the vendor may run too."""
    if kind == "tool_search":
        return json_text.text_of(tool.get("execution")) == "client"
    if kind == "shell" and json_text.begins(tool.get("environment"), b"{"):
        environment = json_text.object_of(tool["environment"], _OF_PLACE)
        return json_text.text_of(environment.get("type")) == "local"
    return False


def _says(value: msgspec.Raw | None) -> bool:
    """Whether a member of an item holds anything, however what is empty is written."""
    if not json_text.is_set(value) or value == _NO_TEXT:
        return False
    text = bytes(value or b"")
    return text[:1] not in (b"[", b"{") or bool(text[1:-1].strip())


def _set_in(item: Mapping[str, msgspec.Raw]) -> set[str]:
    return {name for name, value in item.items() if json_text.is_set(value)}
