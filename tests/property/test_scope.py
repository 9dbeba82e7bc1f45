"""Narrowing anything never permits more, and a list of models is exactly what can be called."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from gatebook.app.folders import dialects
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Unavailable
from gatebook.formats import Call, Terms
from gatebook.gateway.ways import Ways
from gatebook.identity.directory import Provider, Scope, Stop
from gatebook.policy.circumstances import HARMLESS, Circumstances
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Stops, Target
from gatebook.providers import anthropic, openai
from tests.decisions import OPENAI
from tests.policies import Asked, policy_of, seen
from tests.simulators.clock import NOON_US

DIALECTS = dialects()
HOUR_US = 3600 * SECOND_US
OPERATIONS = (*openai.OPERATIONS, *anthropic.OPERATIONS)

# Few letters, so that patterns and names meet.
letters = st.text("ab", max_size=3)
patterns = st.lists(st.text("ab*", min_size=1, max_size=3), max_size=3).map(tuple)
names = st.lists(letters, max_size=2).map(tuple)
OPERATION_PATTERNS = ("*", "chat.*", "messages", "messages*", "models", "embeddings")
SOURCES = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "2001:db8::/32")
HOURS = (
    "mon-sun 00:00-24:00 UTC",
    "mon-fri 08:00-18:00 Europe/Zurich",
    "fri,sat 22:00-06:00 America/New_York",
    "sun 02:00-03:00 Europe/Zurich",
)


def some_of(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=3, unique=True).map(tuple)


def mostly(usual: Any, seldom: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What lets most through, so that what is asked is permitted often enough to tell."""
    return st.integers(0, 5).flatmap(lambda number: st.just(usual) if number < 5 else seldom)


scopes = st.builds(
    Scope,
    models=mostly(("*",), patterns),
    providers=mostly(("*",), patterns),
    operations=mostly(("*",), some_of(OPERATION_PATTERNS)),
    regions=mostly(("*",), patterns),
    data_classes=mostly(("*",), patterns),
    hosted_tools=mostly(("*",), patterns),
    state=st.booleans(),
    max_tokens=st.none() | st.integers(1, 20),
    sources=mostly(SOURCES[:2], some_of(SOURCES)),
    hours=mostly(HOURS[:1], some_of(HOURS)),
    expires_at=mostly(None, st.integers(-5, 5).map(lambda hours: NOON_US + hours * HOUR_US)),
)
providers = st.lists(
    st.builds(
        lambda number, **fields: replace(OPENAI, id=f"prv_{number}", **fields),
        number=st.integers(0, 99),
        name=letters,
        dialect=st.sampled_from(("openai", "anthropic")),
        models=mostly(("*",), patterns),
        region=letters,
        data_classes=mostly(("*",), patterns),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda provider: provider.id,
).map(tuple)
stops = st.builds(
    lambda kind, subject: Stop(
        id="stp_1", organization_id=None, kind=kind, subject=subject, engaged_at=1
    ),
    kind=st.just("model"),
    subject=st.text("AaBb*", min_size=1, max_size=3),
) | st.builds(
    lambda number: Stop(
        id="stp_2", organization_id="org_1", kind="provider", subject=f"prv_{number}", engaged_at=1
    ),
    number=st.integers(0, 99),
)
inspections = st.builds(
    lambda by, classes: replace(seen(*classes), inspected_by=by), by=names, classes=names
)
plain = st.builds(
    Asked,
    call=st.builds(
        lambda operation, model: Call(operation=operation, path=operation.path, model=model),
        operation=st.sampled_from(OPERATIONS),
        model=letters,
    ),
    at=st.builds(
        Circumstances,
        inspection=inspections,
        address=st.sampled_from(("10.1.2.3", "10.2.0.1", "192.0.2.7", "2001:db8::1", "")),
        now_us=st.integers(-400, 400).map(lambda hours: NOON_US + hours * HOUR_US),
    ),
)
asks = st.builds(
    lambda asked, **facts: asked._replace(call=replace(asked.call, **facts)),
    asked=plain,
    hosted_tools=names,
    state=st.sampled_from(("none", "default", "asked")),
    max_tokens=st.none() | st.integers(1, 20),
    choices=mostly(1, st.integers(1, 4)),
)


@st.composite
def narrowings(draw: st.DrawFn, scope: Scope) -> Scope:
    """A scope with one dimension narrowed."""
    dimension = draw(st.sampled_from(Scope.__struct_fields__))
    return replace(scope, **{dimension: draw(_less(dimension, getattr(scope, dimension)))})


def _less(dimension: str, value: Any) -> st.SearchStrategy[Any]:
    match value:
        case bool():
            return st.just(False)
        case tuple() if dimension in ("sources", "hours"):
            return st.sets(st.sampled_from(value)).map(tuple) if value else st.just(())
        case tuple():
            return st.tuples(*(st.none() | _closer(pattern) for pattern in value)).map(
                lambda kept: tuple(each for each in kept if each is not None)
            )
        case None if dimension == "max_tokens":
            return st.integers(1, 20)
        case None:
            return st.just(NOON_US)
        case _ if dimension == "max_tokens":
            return st.integers(1, value)
        case _:
            return st.integers(0, value)


def _closer(pattern: str) -> st.SearchStrategy[str]:
    """A pattern that means less: with something in place of a star."""
    if "*" not in pattern:
        return st.just(pattern)
    return st.sampled_from(("", "a", "a*", "*")).map(lambda text: pattern.replace("*", text, 1))


def check_no_more(
    asked: Asked, wide: tuple[Scope, tuple[Provider, ...]], narrow: tuple[Scope, Any]
) -> None:
    less = policy_of(narrow[0], *narrow[1]).resolve(*asked)
    if not isinstance(less, Permit):
        return
    more = policy_of(wide[0], *wide[1]).resolve(*asked)
    assert isinstance(more, Permit)
    assert {each.id for each in less.providers} <= {each.id for each in more.providers}
    assert less.terms.is_stateless or not more.terms.is_stateless
    if more.terms.max_tokens is not None:
        assert less.terms.max_tokens is not None
        assert less.terms.max_tokens <= more.terms.max_tokens


@settings(max_examples=300)
@given(st.data(), scopes, providers, asks)
def test_narrowing_a_dimension_never_permits_more(
    data: st.DataObject, scope: Scope, offered: tuple[Provider, ...], asked: Asked
) -> None:
    narrow = data.draw(narrowings(scope))
    check_no_more(asked, (scope, offered), (narrow, offered))


@settings(max_examples=300)
@given(st.data(), scopes, providers, asks)
def test_narrowing_a_provider_never_permits_more(
    data: st.DataObject, scope: Scope, offered: tuple[Provider, ...], asked: Asked
) -> None:
    first = offered[0]
    less = replace(
        first,
        models=data.draw(_less("models", first.models)),
        data_classes=data.draw(_less("data_classes", first.data_classes)),
    )
    check_no_more(asked, (scope, offered), (scope, (less, *offered[1:])))


@given(scopes, providers, asks)
def test_every_provider_that_is_given_is_within_scope_and_serves_the_call(
    scope: Scope, offered: tuple[Provider, ...], asked: Asked
) -> None:
    """Each alone would be given too: none is let in by another."""
    found = policy_of(scope, *offered).resolve(*asked)
    for provider in offered:
        alone = policy_of(scope, provider).resolve(*asked)
        is_given = isinstance(found, Permit) and provider in found.providers
        assert isinstance(alone, Permit) is is_given


@settings(max_examples=300)
@given(scopes, providers, plain, st.lists(stops, max_size=2))
def test_a_list_shows_a_model_if_and_only_if_a_call_to_it_could_go(
    scope: Scope, offered: tuple[Provider, ...], asked: Asked, engaged: list[Stop]
) -> None:
    dialect = DIALECTS[offered[0].dialect]
    lists = [
        Call(operation=each, path=each.path) for each in dialect.OPERATIONS if each.name == "models"
    ]
    asked_of = tuple(each for each in offered if each.dialect == dialect.NAME)
    listing = Permit(providers=asked_of, terms=Terms(), rule="", policy=policy_of(scope, *offered))
    for model in ("a", "b", "ab", "x/B", asked.call.model or "c"):
        calls = [
            Call(operation=each, path=each.path, model=model, body=b"{}")
            for each in dialect.OPERATIONS
            if each.has_body
        ]
        found = ways_of(Asked(lists[0] if lists else calls[0], asked.at), listing, engaged)
        ways = [found._way(found.call, replace(listing, providers=(each,))) for each in asked_of]
        shown = [found.shown_by(way)(model) for way in ways]
        harmless = asked.at._replace(inspection=HARMLESS)
        could_go = [goes(Asked(call, harmless), scope, offered, engaged) for call in calls]
        assert any(shown) is any(could_go)
        assert sum(shown) <= 1 or not found.is_joined


def goes(
    asked: Asked, scope: Scope, offered: tuple[Provider, ...], engaged: Iterable[Stop]
) -> bool:
    """Whether a call is permitted and finds a way that is not stopped."""
    found = policy_of(scope, *offered).resolve(*asked)
    if not isinstance(found, Permit):
        return False
    try:
        next(iter(ways_of(asked, found, engaged)))
    except Unavailable:
        return False
    return True


def ways_of(asked: Asked, permit: Permit, engaged: Iterable[Stop]) -> Ways:
    """The ways of a call while something is stopped, and without fallbacks."""
    meeting = Stops(engaged).meeting
    given: dict[str, Any] = {
        "breakers": SimpleNamespace(admit=lambda _key: True, waits_seconds=lambda _key: 1),
        "probes": None,
        "stopping": SimpleNamespace(
            permits=lambda target: meeting(target) is None, check=lambda target: target
        ),
        "target": Target("org_1"),
        "snapshot": SimpleNamespace(
            directory=SimpleNamespace(fallbacks={}),
            opens=lambda _provider: True,
            credential=lambda _provider: None,
        ),
    }
    return Ways(**given, dialects=DIALECTS, call=asked.call, at=asked.at, permit=permit)


@given(scopes, providers, st.lists(asks, max_size=6))
def test_what_is_remembered_changes_no_answer(
    scope: Scope, offered: tuple[Provider, ...], asked: list[Asked]
) -> None:
    policy = policy_of(scope, *offered)
    for each in asked * 2:
        fresh, found = policy_of(scope, *offered).resolve(*each), policy.resolve(*each)
        if isinstance(fresh, Permit):
            assert isinstance(found, Permit)
            assert (found.providers, found.terms) == (fresh.providers, fresh.terms)
        else:
            assert not isinstance(found, Permit)
            assert (found.code, found.rule) == (fresh.code, fresh.rule)
