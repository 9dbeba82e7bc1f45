"""What a body asks for is named so that a scope can tell, and what cannot be told is refused."""

import json
from typing import Any

import msgspec
import pytest

from gatebook.core.errors import Invalid
from gatebook.formats import Call
from gatebook.formats.asking import Asking, check_members, hosted, unknown_kind
from gatebook.providers.openai import CHAT

CALL = Call(operation=CHAT, path=CHAT.path)


def raw(**fields: Any) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example", "a.example"),
        ("http://MCP.example.com:8443/x?y=1", "mcp.example.com:8443"),
        ("HTTPS://a.example?x", "a.example"),
        ("http://[::1]/", "[::1]"),
        ("gs://a_bucket/b/c.png", "gs://a_bucket"),
    ],
)
def test_what_is_called_or_fetched_is_named_by_its_host(url: str, host: str) -> None:
    asking = Asking()
    asking.call_server(url)
    asking.show(url)
    assert asking.of(CALL).hosted_tools == (f"fetch:{host}", f"mcp:{host}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example",
        "ftp://a.example",
        "file:///etc/passwd",
        "https://a@b.example",
        "https://a\\@b.example",
        "https://a.example\\b",
        "https://a.example/\n",
        "https://a b.example",
        "https://a.ex\u00e4mple",
    ],
)
def test_an_address_that_is_not_read_in_one_way_only_is_refused(url: str) -> None:
    for ask in (Asking().call_server, Asking().show):
        with pytest.raises(Invalid) as caught:
            ask(url)
        assert caught.value.code == "invalid_url"


def test_what_stands_in_the_address_is_not_fetched() -> None:
    asking = Asking()
    asking.show("DATA:image/png;base64,AA")
    asking.show_data("AAAA")
    assert (asking.of(CALL).hosted_tools, asking.is_text) == ((), False)
    asking.show_data("https://a.example/b")
    assert asking.tools == {"fetch:a.example"}


def test_what_the_vendor_keeps_is_state_and_no_text_in_the_body() -> None:
    asking = Asking()
    assert (asking.of(CALL).state, asking.of(CALL).is_text) == ("none", True)
    asking.look_up()
    assert (asking.of(CALL).state, asking.of(CALL).is_text) == ("asked", False)


@pytest.mark.parametrize(
    ("model", "others", "tools"),
    [
        ("gpt-4o", None, set()),
        ("a/b:online", None, {"web_search"}),
        ("a/b@preset/c", None, {"preset"}),
        ("a", ["b:online", "c"], {"fallback:b:online", "fallback:c", "web_search"}),
    ],
)
def test_the_name_of_a_model_may_ask_for_more(
    model: str, others: list[str] | None, tools: set[str]
) -> None:
    asking = Asking()
    asking.ask(model, others)
    assert asking.tools == tools


def test_a_member_that_nobody_knows_and_that_may_ask_for_something_is_named() -> None:
    values = {"a": {}, "b": [1], "c": True, "d": False, "e": None, "f": 3, "g": "x", "h": []}
    for found in (values, raw(**values)):
        asking = Asking()
        asking.take_members({**found, "known": found["a"]}, ("known",))
        assert asking.tools == {"member:a", "member:b", "member:c"}
    with pytest.raises(Invalid):
        Asking().take_members({"a b": {}}, ())


@pytest.mark.parametrize(
    ("fields", "is_refused"),
    [
        ({"known": ["x" * 100]}, False),
        ({"word": "x" * 64}, False),
        ({"word": "x" * 65}, True),
        ({"word": ["x"]}, True),
        ({"other": "x"}, True),
        ({"other": {}}, True),
        ({"other": 3, "another": None, "third": True}, False),
    ],
)
def test_where_bodies_are_small_no_text_passes_by_a_name_that_nobody_knows(
    fields: dict[str, Any], is_refused: bool
) -> None:
    if not is_refused:
        check_members(raw(**fields), ("known",), ("word",))
        return
    with pytest.raises(Invalid) as caught:
        check_members(raw(**fields), ("known",), ("word",))
    assert caught.value.code == "unknown_member"


def test_the_version_of_a_tool_is_no_part_of_its_name() -> None:
    assert hosted("web_search_20250305") == hosted("web_search_2025_08_26") == "web_search"


def test_what_is_told_of_an_unknown_kind_is_short_and_printable() -> None:
    told = str(unknown_kind("item", "\x1b[2J" + "x" * 5000))
    assert told.isprintable()
    assert len(told) < 300
