"""Who a key proves to be, and what a failure gives away: nothing."""

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.ids import system_entropy
from gatebook.identity.directory import AgentKey, Directory
from gatebook.identity.identify import KeyRejected, identify
from gatebook.identity.keys import Peppers, mint
from gatebook.web.problem import problem
from tests.decisions import ACME, ALICE, MAILER, MAIN, PEPPERS
from tests.simulators.clock import NOON_US

MINTED = mint(PEPPERS, system_entropy)
TOKEN = MINTED.token.reveal()
KEY = AgentKey(
    id=MINTED.id,
    agent_id=MAILER.id,
    mac=MINTED.mac,
    pepper_version=1,
    last4=MINTED.last4,
    issued_at=0,
    expires_at=NOON_US + 1,
)


def directory(**changed: Any) -> Directory:
    """Everybody there is, with the one key changed."""
    key = replace(KEY, **changed)
    return Directory(
        revision=1,
        organizations={ACME.id: ACME},
        workspaces={MAIN.id: MAIN},
        people={ALICE.id: ALICE},
        agents={MAILER.id: MAILER},
        keys={key.id: key},
        providers={},
        fallbacks={},
    )


def with_another_secret() -> str:
    """A well-formed key with a valid checksum, the id of ours and another secret."""
    return mint(PEPPERS, _same_id_then_random()).token.reveal()


def _same_id_then_random() -> Callable[[int], bytes]:
    number = 0
    for char in MINTED.id:
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        number = number * 62 + digits.index(char)
    return lambda count: number.to_bytes(9) if count == 9 else system_entropy(count)


def rejected(token: str, now_us: int = NOON_US, **changed: Any) -> KeyRejected:
    with pytest.raises(KeyRejected) as caught:
        identify(directory(**changed), PEPPERS, token, now_us)
    return caught.value


def test_a_key_leads_to_agent_owner_workspace_and_organization() -> None:
    principal = identify(directory(), PEPPERS, TOKEN, NOON_US)
    assert (principal.agent, principal.owner) == (MAILER, ALICE)
    assert (principal.workspace, principal.organization) == (MAIN, ACME)
    assert principal.key.id == MINTED.id


@pytest.mark.parametrize(
    ("token", "changed", "cause"),
    [
        ("", {}, "malformed"),
        (TOKEN[:-1] + "~", {}, "malformed"),
        (mint(PEPPERS, system_entropy).token.reveal(), {}, "unknown"),
        (with_another_secret(), {}, "wrong_secret"),
        (TOKEN, {"pepper_version": 9}, "wrong_secret"),
        (TOKEN, {"status": "revoked"}, "revoked"),
        (TOKEN, {"expires_at": NOON_US}, "expired"),
        (TOKEN, {"ends_at": NOON_US}, "superseded"),
        (with_another_secret(), {"expires_at": 0}, "wrong_secret"),
        (with_another_secret(), {"status": "revoked"}, "wrong_secret"),
    ],
    ids=[*map(str, range(10))],  # keys are new in each process, and names must not be
)
def test_the_cause_of_a_rejection_is_known_to_us(
    token: str, changed: dict[str, Any], cause: str
) -> None:
    assert rejected(token, **changed).cause == cause


def test_who_presents_a_dead_key_is_known_once_its_secret_is_proven() -> None:
    principal = rejected(TOKEN, status="revoked").principal
    assert principal is not None
    assert principal.agent == MAILER
    assert rejected(with_another_secret(), status="revoked").principal is None


def test_all_rejections_read_the_same_to_the_caller() -> None:
    """Threat 4: neither text nor status tells whether an id exists or why it is turned down."""
    errors = [
        rejected(""),
        rejected(mint(PEPPERS, system_entropy).token.reveal()),
        rejected(with_another_secret()),
        rejected(TOKEN, status="revoked"),
        rejected(with_another_secret(), expires_at=0),
    ]
    answers = {(problem(error).status, problem(error).body) for error in errors}
    assert len(answers) == 1


def test_only_who_holds_the_secret_learns_that_a_key_has_ended() -> None:
    ended = rejected(TOKEN, expires_at=0)
    assert (ended.code, "has expired" in str(ended)) == ("key_expired", True)
    assert rejected(with_another_secret(), expires_at=0).code == "invalid_api_key"


def test_a_key_of_a_retired_agent_identifies_nobody() -> None:
    everybody = directory()
    retired = replace(everybody, agents={MAILER.id: replace(MAILER, status="retired")})
    with pytest.raises(KeyRejected) as caught:
        identify(retired, PEPPERS, TOKEN, NOON_US)
    assert caught.value.cause == "retired"


def test_an_unknown_id_takes_as_long_as_a_wrong_secret() -> None:
    """Threat 4: the medians of 5,000 interleaved tries each differ by less than 2 us.

    A network adds jitter of 50 us and more; an attacker sees nothing of what is left.
    """
    everybody, known = directory(), with_another_secret()
    unknown = mint(PEPPERS, system_entropy).token.reveal()
    taken: dict[str, list[int]] = {known: [], unknown: []}
    gc.disable()
    try:
        for _ in range(5_000):
            for token, times in taken.items():
                began = time.perf_counter_ns()
                try:
                    identify(everybody, PEPPERS, token, NOON_US)
                except KeyRejected:
                    times.append(time.perf_counter_ns() - began)
    finally:
        gc.enable()
    assert abs(median(taken[known]) - median(taken[unknown])) < 2_000


def test_a_stolen_database_is_of_no_use_without_the_pepper() -> None:
    """Threat 1: whoever has the rows and even candidate keys cannot tell which of them is right."""
    candidates = [TOKEN, *(mint(PEPPERS, system_entropy).token.reveal() for _ in range(1000))]
    for guess in (bytes(32), b"\xff" * 32, MINTED.mac):
        guessed = Peppers({1: guess})
        for token in candidates:
            with pytest.raises(KeyRejected):
                identify(directory(), guessed, token, NOON_US)
