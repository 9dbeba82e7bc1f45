"""Each dimension looked at for each call refuses what it does not permit, by a rule of its own."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Refused
from gatebook.formats import Call
from gatebook.identity.directory import Scope
from gatebook.policy.scope import checks
from gatebook.providers.openai import CHAT, MODELS
from tests.decisions import OPENAI
from tests.policies import Asked, asked, narrowed, permitted, refused, seen
from tests.simulators.clock import NOON_US

OFFICE = "mon-fri 08:00-18:00 UTC"
DAY_US = 24 * 3600 * SECOND_US


def test_a_scope_ends_at_its_time() -> None:
    scope = narrowed(expires_at=NOON_US + 1)
    permitted(scope, asked())
    assert refused(scope, asked(now_us=NOON_US + 1)) == ("scope_expired", "agent.scope.expires_at")


def test_outside_its_hours_an_agent_may_not_call() -> None:
    scope = narrowed(hours=(OFFICE,))
    weekday = NOON_US + next(
        day * DAY_US
        for day in range(7)
        if not any(check(*asked(now_us=NOON_US + day * DAY_US)) for check in checks(scope))
    )
    permitted(scope, asked(now_us=weekday))
    night = asked(now_us=weekday + 12 * 3600 * SECOND_US)
    assert refused(scope, night) == ("outside_hours", "agent.scope.hours")


def test_one_of_several_windows_is_enough() -> None:
    scope = narrowed(hours=("mon-sun 00:00-12:00 UTC", "mon-sun 12:00-24:00 UTC"))
    for hour in range(24):
        permitted(scope, asked(now_us=NOON_US + hour * 3600 * SECOND_US))


@pytest.mark.parametrize("hours", [(), ("mon-sun 00:00-24:00 Mars/Base",), ("whenever",)])
def test_hours_that_nobody_can_read_are_never(hours: tuple[str, ...]) -> None:
    assert refused(narrowed(hours=hours), asked())[0] == "outside_hours"


def test_a_call_from_elsewhere_is_refused() -> None:
    scope = narrowed(sources=("192.0.2.0/24", "2001:db8::/32"))
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"):
        permitted(scope, asked(address=address))
    for address in ("192.0.3.7", "2001:db9::1", ""):
        elsewhere = asked(address=address)
        assert refused(scope, elsewhere) == ("ip_not_allowed", "agent.scope.sources")


@pytest.mark.parametrize("sources", [(), ("anywhere",), ("10.1.2.3/8",)])
def test_networks_that_nobody_can_read_hold_nobody(sources: tuple[str, ...]) -> None:
    assert refused(narrowed(sources=sources), asked())[0] == "ip_not_allowed"


def test_a_call_whose_address_is_not_known_may_come_from_anywhere_only() -> None:
    permitted(narrowed(), asked(address=""))
    assert refused(narrowed(sources=("0.0.0.0/0",)), asked(address=""))[0] == "ip_not_allowed"


def test_every_tool_that_a_vendor_would_run_has_to_be_granted() -> None:
    scope = narrowed(hosted_tools=("web_search*", "mcp:*.example.com"))
    permitted(scope, asked(hosted_tools=("web_search_20250305", "mcp:docs.example.com")))
    for tool in ("code_execution", "mcp:example.com.evil", "mcp:example.org"):
        both = asked(hosted_tools=("web_search", tool))
        assert refused(scope, both) == ("hosted_tool_not_allowed", "agent.scope.hosted_tools")
    assert refused(narrowed(), asked(hosted_tools=("web_search",)))[0] == "hosted_tool_not_allowed"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"type": "file", "file": {"file_id": "file-1"}}, "state_not_allowed"),
        (
            {"type": "image_url", "image_url": {"url": "http://10.0.0.1/?x"}},
            "hosted_tool_not_allowed",
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://cdn.example.com.evil.example/a"}},
            "hosted_tool_not_allowed",
        ),
        ({"type": "image_url", "image_url": {"url": "https://CDN.example.com/a?b"}}, ""),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, ""),
    ],
)
def test_what_is_not_in_the_call_has_to_be_granted(part: dict[str, Any], code: str) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": [part]}]}
    call = Call(operation=CHAT, path=CHAT.path, body=json.dumps(body).encode())
    what = Asked(CHAT.format.read(call), asked().at)
    scope = narrowed(hosted_tools=("fetch:cdn.example.com",))
    if code:
        assert refused(scope, what)[0] == code
    else:
        permitted(scope, what)


def test_what_is_to_be_computed_elsewhere_has_to_be_within_the_regions() -> None:
    scope = narrowed(regions=("eu-*", "us"))
    for geography in ("", "eu", "eu-central-1", "us"):
        permitted(scope, asked(geography=geography), replace(OPENAI, region="eu-central-1"))
    for geography in ("global", "us-east-1", "ap"):
        found = refused(scope, asked(geography=geography))
        assert found == ("region_not_allowed", "agent.scope.regions")
    one = narrowed(regions=("eu-central-1",))
    assert refused(one, asked(geography="eu"))[0] == "region_not_allowed"
    permitted(narrowed(), asked(geography="global"))


def test_the_name_of_a_tool_cannot_say_what_it_likes() -> None:
    (told,) = [
        str(found)
        for check in checks(narrowed())
        if (found := check(*asked(hosted_tools=("\x1b[2J\n" + "x" * 5000,))))
    ]
    assert told.isprintable()
    assert len(told) < 300


def test_state_that_is_asked_for_has_to_be_granted() -> None:
    assert refused(narrowed(), asked(state="asked")) == ("state_not_allowed", "agent.scope.state")
    permitted(narrowed(state=True), asked(state="asked"))


def test_state_that_is_only_the_default_is_declined_for_the_agent() -> None:
    assert permitted(narrowed(), asked(state="default")).terms.is_stateless
    assert not permitted(narrowed(state=True), asked(state="default")).terms.is_stateless


def test_more_output_than_granted_is_refused_and_silence_is_capped() -> None:
    scope = narrowed(max_tokens=1000)
    assert permitted(scope, asked()).terms.max_tokens == 1000
    assert permitted(scope, asked(max_tokens=1000)).terms.max_tokens == 1000
    more = asked(max_tokens=1001)
    assert refused(scope, more) == ("max_tokens_not_allowed", "agent.scope.max_tokens")
    assert permitted(narrowed(), asked()).terms.max_tokens is None


@pytest.mark.parametrize(
    ("choices", "max_tokens", "each"), [(3, None, 333), (4, 250, 250), (1000, None, 1)]
)
def test_the_choices_of_a_call_share_what_is_granted(
    choices: int, max_tokens: int | None, each: int
) -> None:
    found = permitted(narrowed(max_tokens=1000), asked(choices=choices, max_tokens=max_tokens))
    assert found.terms.max_tokens == each


@pytest.mark.parametrize(("choices", "max_tokens"), [(5, 201), (1001, None), (2, 1000)])
def test_choices_do_not_multiply_what_is_granted(choices: int, max_tokens: int | None) -> None:
    many = asked(choices=choices, max_tokens=max_tokens)
    assert refused(narrowed(max_tokens=1000), many)[0] == "max_tokens_not_allowed"


def test_data_that_was_found_has_to_be_granted() -> None:
    scope = narrowed(data_classes=("public", "internal*"))
    permitted(scope, asked(inspection=seen("internal.draft")))
    personal = asked(inspection=seen("public", "personal"))
    assert refused(scope, personal) == ("data_class_not_allowed", "agent.scope.data_classes")


def test_a_text_that_nobody_looked_at_is_sent_only_by_who_may_send_anything() -> None:
    assert refused(narrowed(data_classes=("public",)), asked())[0] == "data_class_not_allowed"
    permitted(narrowed(data_classes=("*",)), asked())
    permitted(narrowed(data_classes=()), asked("", operation=MODELS))


def test_what_excludes_nothing_is_not_looked_at() -> None:
    """Only which tools a call brings is always looked at: it is granted name by name."""
    assert len(checks(narrowed(state=True))) == 1


EMPTY = ["models", "providers", "operations", "regions", "sources", "hours"]


@pytest.mark.parametrize("dimension", EMPTY)
def test_an_empty_dimension_permits_nothing(dimension: str) -> None:
    refused(narrowed(**{dimension: ()}), asked())


def test_a_scope_cannot_leave_a_dimension_out() -> None:
    with pytest.raises(TypeError):
        Scope(models=("*",))  # type: ignore[call-arg]  # that is what is tested


def test_every_refusal_says_whom_to_ask() -> None:
    cases = [
        (narrowed(expires_at=0), asked()),
        (narrowed(hours=()), asked()),
        (narrowed(sources=()), asked()),
        (narrowed(), asked(hosted_tools=("x",))),
        (narrowed(), asked(state="asked")),
        (narrowed(max_tokens=1), asked(max_tokens=2)),
        (narrowed(data_classes=()), asked()),
    ]
    for scope, what in cases:
        (found,) = [said for check in checks(scope) if (said := check(*what))]
        assert isinstance(found, Refused)
        assert "ask the owner of the agent" in found.hint.lower()
