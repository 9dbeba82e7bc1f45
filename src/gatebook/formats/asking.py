"""What a body asks of a vendor beside the answer: to run, call, fetch, keep or look up something.

Each such thing has a name under which a scope permits it: a tool has its type (`web_search`), an
MCP server and what is fetched their host (`mcp:docs.example.com`, `fetch:cdn.example.com`), another
model the way it comes in (`fallback:`), and a member that nobody knows its own (`member:`). What a
vendor keeps for the account has none: it is state.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, check_model
from gatebook.formats.opaque import is_inline

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
# The date at the end of a tool's type, which tells its version.
_VERSION: Final = re.compile(r"_(?:[0-9]{8}|[0-9]{4}_[0-9]{2}_[0-9]{2})\Z")
# Strict, because readers of URLs differ on what stands before an @ or behind a backslash.
_ADDRESS: Final = re.compile(
    r"(?:https?://|(gs://))([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?"
    r"(?:[/?][!-\[\]-~]*)?",
    re.IGNORECASE,
)
_WORD_BYTES: Final = 66
"""Of a name or a number, and its quotes."""
_ONLINE: Final = ":online"
_PRESET: Final = "@preset/"


class Asking:
    """What a body asks for, gathered while it is read."""

    def __init__(self) -> None:
        self.tools: set[str] = set()
        """Names of what the vendor would run, call or fetch."""
        self.has_state = False
        self.is_text = True
        self.is_repeated = False
        self.is_priced_apart = False

    def run(self, kind: str) -> None:
        """A tool of that type; raises Invalid for what is none."""
        self.tools.add(hosted(kind))

    def run_of(self, kind: str, name: str) -> None:
        """One of many of a kind, by its name; raises Invalid for what is none."""
        self.tools.add(f"{kind}:{hosted(name)}")

    def call_server(self, url: str) -> None:
        """An MCP server; raises Invalid."""
        self.tools.add(f"mcp:{host_of(url)}")

    def show(self, url: str) -> None:
        """Something that is no text: it stands in the address, or is fetched; raises Invalid."""
        self.is_text = False
        if not is_inline(url):
            self.tools.add(f"fetch:{host_of(url)}")

    def show_data(self, data: str) -> None:
        """Something that is no text, in base64, in place of which some servers take an address."""
        self.is_text = False
        if ":" in data:
            self.show(data)

    def look_up(self) -> None:
        """Something that the vendor keeps for the account."""
        self.has_state = True
        self.is_text = False

    def ask(self, model: str, others: Iterable[str] | None = None) -> None:
        """The model, and those the vendor may answer with instead; raises Invalid for none.

        At OpenRouter, a name asks for more.
        """
        check_model(model)
        for name in (model, *(others or ())):
            if name.endswith(_ONLINE):
                self.run("web_search")
            if _PRESET in name:
                self.run("preset")
        for name in others or ():
            self.run_of("fallback", name)

    def take_members(self, found: Mapping[str, Any], known: Collection[str]) -> None:
        """Name the members that nobody knows and that may ask for something; raises Invalid.

        Numbers, words and what is switched off ask for nothing.
        """
        for name, value in found.items():
            if name in known or not _may_ask(value):
                continue
            if not _NAME.fullmatch(name):
                raise Invalid(
                    "unknown_member",
                    "The body has a member that is not known here and has an unusual name.",
                    "Send what the vendor's reference lists for this address.",
                )
            self.run_of("member", name)

    def of(self, call: Call) -> Call:
        """The call with all that was gathered."""
        return replace(
            call,
            hosted_tools=tuple(sorted(self.tools)),
            state="asked" if self.has_state else call.state,
            is_text=self.is_text,
            is_repeated=self.is_repeated,
            is_priced_apart=self.is_priced_apart,
        )


def hosted(kind: str) -> str:
    """The name of a tool that the vendor runs, from its type; raises Invalid for what is none."""
    name = _VERSION.sub("", kind)
    if not _NAME.fullmatch(name):
        raise Invalid(
            "invalid_tool",
            "A tool has no type, or one with unusual characters.",
            "Give each tool the type that the vendor's reference lists.",
        )
    return name


def host_of(url: str) -> str:
    """The host that a vendor would call, and its port if there is one; raises Invalid.

    A bucket of Google's keeps its scheme, since it is no host.
    """
    found = _ADDRESS.fullmatch(url)
    if found is None:
        raise Invalid(
            "invalid_url",
            "An address that the provider would call cannot be read in one way only.",
            "Write it as https://host/path, without a user and without backslashes; "
            "or send what is there in the call, as a data: URL.",
        )
    return f"{found[1] or ''}{found[2]}{found[3] or ''}".lower()


def unknown_kind(what: Literal["content", "item"], kind: str) -> Invalid:
    """What to raise for a part of a body that no parser understands."""
    return Invalid(
        "unknown_kind",
        f"The body has {'an item' if what == 'item' else 'content'} of the kind {kind[:80]!a}, "
        "which is not known here.",
        "Send what the vendor's reference lists for this address.",
    )


def check_members(
    found: Mapping[str, msgspec.Raw], known: Collection[str], words: Collection[str]
) -> None:
    """Raise Invalid for a member that could hold a text which nobody inspects.

    `words` are members of which each is a word; whatever else is not known may be a number.
    """
    for name, value in found.items():
        if name in known:
            continue
        may_hold = _is_nested(value) or (json_text.begins(value, b'"') and name not in words)
        if may_hold or len(value) > _WORD_BYTES:
            raise Invalid(
                "unknown_member",
                "The body has a member that is not known here, and may hold what nobody inspects.",
                "Send what the vendor's reference lists for this address.",
            )


def _may_ask(value: Any) -> bool:
    """Whether a value, as text or as Python has it, is more than a number, a word or nothing."""
    if isinstance(value, msgspec.Raw):
        return json_text.is_set(value) and (_is_nested(value) or json_text.begins(value, b"t"))
    return value is True or (isinstance(value, dict | list) and value != [])


def _is_nested(value: msgspec.Raw) -> bool:
    return json_text.begins(value, b"[") or json_text.begins(value, b"{")
