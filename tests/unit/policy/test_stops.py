"""A stop is about the calls it names, and says what is stopped and whom to ask."""

import pytest
from msgspec.structs import replace

from gatebook.identity.directory import Directory, Stop, StopKind
from gatebook.policy.stops import Stops, Target, name_of, refusal
from gatebook.providers.openai import MODELS
from tests.decisions import ACME, MAILER, MAIN, OPENAI
from tests.policies import asked

TARGET = Target("org_1", "wsp_1", "agt_1", "key_1", "prv_1", ("gpt-4o",))
DIRECTORY = Directory(
    revision=1,
    organizations={ACME.id: ACME},
    workspaces={MAIN.id: MAIN},
    people={},
    agents={MAILER.id: MAILER},
    keys={},
    providers={OPENAI.id: OPENAI},
    fallbacks={},
)


def stop(kind: StopKind, subject: str = "", organization_id: str | None = None) -> Stop:
    return Stop(
        id=f"stp_{kind}",
        kind=kind,
        subject=subject,
        organization_id=organization_id,
        engaged_at=1,
    )


@pytest.mark.parametrize(
    "engaged",
    [
        stop("platform"),
        stop("organization", "org_1"),
        stop("workspace", "wsp_1"),
        stop("provider", "prv_1"),
        stop("agent", "agt_1"),
        stop("quarantine", "agt_1"),
        stop("model", "gpt-4o"),
        stop("model", "gpt-*"),
        stop("model", "*", "org_1"),
    ],
    ids=lambda each: f"{each.kind} {each.subject}",
)
def test_a_call_meets_a_stop_of_what_it_is_about(engaged: Stop) -> None:
    others = [stop("agent", "agt_2"), stop("model", "o4-*"), stop("drill")]
    assert Stops([*others, engaged]).meeting(TARGET) is engaged


@pytest.mark.parametrize(
    "engaged",
    [
        stop("drill"),
        stop("organization", "org_2"),
        stop("workspace", "wsp_2"),
        stop("provider", "prv_2"),
        stop("agent", "agt_2"),
        stop("quarantine", "agt_2"),
        stop("model", "gpt-4"),
        stop("model", "*", "org_2"),
    ],
    ids=lambda each: f"{each.kind} {each.subject}",
)
def test_a_call_meets_no_stop_of_anything_else(engaged: Stop) -> None:
    assert Stops([engaged]).meeting(TARGET) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "GPT-4o",
        "openai/gpt-4o",
        "openrouter/openai/GPT-4O:free",
        "models/gpt-4o",
        "ft:gpt-4o-2024-08-06:acme::9x",
        "openai.gpt-4o",
        "us.openai.gpt-4o-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/global.openai.gpt-4o",
    ],
)
def test_no_spelling_of_a_model_leads_around_its_stop(spelling: str) -> None:
    call = TARGET._replace(models=(spelling,))
    assert Stops([stop("model", "gpt-4o*")]).meeting(call) is not None
    assert Stops([stop("model", "GPT-4o*")]).meeting(call) is not None
    assert Stops([stop("model", "gpt-4"), stop("model", "4o*")]).meeting(call) is None


@pytest.mark.parametrize(
    "tools",
    [
        ("fallback:gpt-4o-mini",),
        ("fallback:openai/gpt-4o", "web_search"),
        ("advisor:gpt-4o",),
        ("fallback:default",),
    ],
    ids=" ".join,
)
def test_a_stopped_model_is_not_asked_beside_or_instead_of_another(tools: tuple[str, ...]) -> None:
    """A vendor may answer with any model that the call names, or with one that it chooses."""
    call = replace(asked("gpt-5").call, hosted_tools=tools)
    stops = Stops([stop("model", "gpt-4o*")])
    assert stops.meeting(TARGET.by(OPENAI, call)) is not None
    others = replace(call, hosted_tools=("fallback:o4-mini", "mcp:gpt-4o"))
    assert stops.meeting(TARGET.by(OPENAI, others)) is None


def test_a_call_that_leaves_the_model_to_the_vendor_meets_the_stop_of_any() -> None:
    stops = Stops([stop("model", "gpt-4o")])
    assert stops.meeting(TARGET.by(OPENAI, asked("").call)) is not None
    listing = asked("", operation=MODELS).call
    assert stops.meeting(TARGET.by(OPENAI, listing)) is None


@pytest.mark.parametrize(
    ("engaged", "said"),
    [
        (stop("platform"), "All calls are stopped. Ask the operator of this installation"),
        (stop("organization", "org_1"), "The organization acme is stopped. Ask the administrator"),
        (stop("workspace", "wsp_1"), "The workspace main is stopped."),
        (stop("provider", "prv_1"), "The provider openai is stopped."),
        (stop("provider", "prv_gone"), "The provider prv_gone is stopped."),
        (stop("model", "gpt-*"), "The model gpt-* is stopped."),
        (stop("agent", "agt_1"), "The agent mailer is stopped. Ask the owner of the agent"),
        (stop("quarantine", "agt_1"), "The agent mailer is quarantined. Ask the owner"),
    ],
)
def test_agents_are_told_what_is_stopped_and_whom_to_ask(engaged: Stop, said: str) -> None:
    told = refusal(engaged, DIRECTORY)
    assert str(told).startswith(said)
    assert engaged.id in told.hint
    assert told.retry_after_seconds is None
    assert told.code == ("agent_quarantined" if engaged.kind == "quarantine" else "stopped")


def test_everything_has_no_name() -> None:
    assert name_of(stop("platform"), DIRECTORY) == ""
