"""What is said of a scope becomes that scope, and what cannot be one is refused with an example."""

from typing import Any

import pytest
from msgspec.structs import asdict, replace

from gatebook.control.inputs import read_command
from gatebook.control.scoping import STANDARD, Scoping, changed
from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import Scope
from tests.decisions import ALL, SCOPE, context_of
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords


def scope(before: Scope = SCOPE, **values: Any) -> Scope:
    return read_command(Scoping, values).scope(before, context_of(MemoryRecords(*ALL)))


def test_what_is_not_said_stays_as_it_is() -> None:
    assert scope() == SCOPE


@pytest.mark.parametrize(
    ("field", "dimension", "given", "kept"),
    [
        ("model", "models", ["gpt-4o", "o4-*"], ("gpt-4o", "o4-*")),
        ("provider", "providers", ["openai", "az*"], ("openai", "az*")),
        ("operation", "operations", ["chat.*", "models"], ("chat.*", "models")),
        ("region", "regions", ["eu-*"], ("eu-*",)),
        ("data_class", "data_classes", ["public"], ("public",)),
        ("hosted_tool", "hosted_tools", ["mcp:mcp.example.com"], ("mcp:mcp.example.com",)),
        ("state", "state", "allowed", True),
        ("max_tokens", "max_tokens", "4096", 4096),
        ("source", "sources", ["10.0.0.0/8", "::1"], ("10.0.0.0/8", "::1")),
        ("hours", "hours", ["mon 08:00-18:00 UTC"], ("mon 08:00-18:00 UTC",)),
        ("expires_at", "expires_at", "2027-06-30T18:00:00+02:00", 1_814_371_200_000_000),
    ],
)
def test_each_dimension_is_said_by_itself(
    field: str, dimension: str, given: Any, kept: Any
) -> None:
    found = scope(**{field: given})
    assert asdict(found) == {**asdict(SCOPE), dimension: kept}
    assert changed(SCOPE, found) == [dimension]


@pytest.mark.parametrize(
    ("field", "dimension"),
    [("max_tokens", "max_tokens"), ("source", "sources"), ("hours", "hours")],
)
def test_any_takes_a_limit_away(field: str, dimension: str) -> None:
    narrow = replace(SCOPE, max_tokens=1, sources=("::1",), hours=())
    given: Any = "any" if field == "max_tokens" else ["any"]
    found = scope(narrow, **{field: given})
    assert getattr(found, dimension) == getattr(STANDARD, dimension)
    assert changed(narrow, found) == [dimension]


def test_never_takes_the_end_away() -> None:
    assert scope(replace(SCOPE, expires_at=NOON_US + 1), expires_at="never").expires_at is None


@pytest.mark.parametrize("field", ["model", "hosted_tool", "source", "hours"])
def test_none_stands_alone_and_permits_nothing(field: str) -> None:
    dimension = field if field == "hours" else f"{field}s"
    other = {"source": "::1", "hours": "mon 08:00-09:00 UTC"}.get(field, "a")
    alone: dict[str, Any] = {field: ["none"]}
    beside: dict[str, Any] = {field: ["none", other]}
    assert getattr(scope(**alone), dimension) == ()
    with pytest.raises(Invalid, match="alone"):
        scope(**beside)


def test_what_nobody_can_ask_for_is_no_operation() -> None:
    with pytest.raises(Invalid, match=r"mean chat\.completions\? There are: .*, embeddings, "):
        scope(operation=["chat.complitions"])
    for name in ("nothing*", "batches"):  # what is refused whatever it says cannot be granted
        with pytest.raises(Invalid):
            scope(operation=[name])


def test_a_provider_that_is_named_in_full_is_there() -> None:
    with pytest.raises(NotFound, match="nosuch"):
        scope(provider=["openai", "nosuch"])


def test_what_is_said_twice_is_kept_once() -> None:
    assert scope(model=["b", "a", "b"]).models == ("b", "a")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("model", ["gpt 4"]),
        ("model", "gpt-4"),
        ("hosted_tool", ["web\nsearch"]),
        ("state", "maybe"),
        ("max_tokens", "0"),
        ("max_tokens", "-1"),
        ("max_tokens", "1e6"),
        ("max_tokens", "9999999999"),
        ("source", ["10.1.2.3/8"]),
        ("source", ["any", "10.0.0.0/8"]),
        ("source", ["::ffff:10.0.0.0/104"]),
        ("hours", ["mon-fri 8-18 UTC"]),
        ("hours", ["mon-fri 08:00-18:00 Mars/Base"]),
        ("expires_at", "2027-06-30"),
        ("expires_at", "2027-06-30T18:00:00"),
        ("expires_at", "tomorrow"),
        ("expires_at", "2020-01-01T00:00:00Z"),
    ],
)
def test_what_cannot_be_a_scope_is_refused(field: str, given: Any) -> None:
    with pytest.raises(Invalid):
        scope(**{field: given})


def test_the_standard_grants_no_model_no_tool_and_no_state() -> None:
    assert STANDARD.models == STANDARD.hosted_tools == ()
    assert not STANDARD.state
