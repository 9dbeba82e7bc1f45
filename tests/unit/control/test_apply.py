"""How an order is carried out, step by step; on a book in memory."""

from typing import Any

import msgspec
import pytest

from gatebook.app.folders import command_kinds, dialects
from gatebook.control.apply import Answer, Control, LocalOperator, Order, carry_out
from gatebook.control.inputs import read_command
from gatebook.core.envelope import LocalKek, open_data_key
from gatebook.core.errors import Conflict, Invalid, NotFound, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.core.secret import Secret
from gatebook.identity.settings import IdentitySettings
from gatebook.ledger.body import body_cell, open_body
from gatebook.ledger.events import Change
from tests.decisions import ACME, ALL, PEPPERS
from tests.simulators.clock import SetClock
from tests.simulators.records import MemoryBook, MemoryRecords

OLGA = LocalOperator(uid=1000, user="olga", host="gw-1")
KEK = LocalKek(bytes(32), system_entropy)


class Desk:
    """Takes orders for one book in memory."""

    def __init__(self, *rows: Any) -> None:
        self.records = MemoryRecords(*rows)
        self.book = MemoryBook(self.records)
        self.control = Control(
            book=self.book,
            commands=command_kinds(),
            dialects=dialects(),
            origin="log.example",
            kek=KEK,
            peppers=PEPPERS,
            settings=IdentitySettings(),
            clock=SetClock(),
            entropy=system_entropy,
        )

    def order(
        self,
        command: str,
        by: LocalOperator = OLGA,
        reason: str = "",
        idempotency_key: str = "",
        **values: Any,
    ) -> Answer:
        order = Order(
            command=read_command(command_kinds()[command], values),
            by=by,
            reason=reason,
            idempotency_key=idempotency_key,
        )
        return carry_out(self.control, order)

    def written(self) -> list[tuple[str, Change]]:
        """Log and event of every entry."""
        changes = [(at.log, event) for at, event in self.book.entries if isinstance(event, Change)]
        assert len(changes) == len(self.book.entries)
        return changes

    def body(self, number: int) -> dict[str, Any]:
        """The body of an entry, opened."""
        at, event = self.book.entries[number]
        sealed, key_id = self.records.sealed[at]
        (stored,) = [key for key in self.records.data_keys if key.id == key_id]
        assert isinstance(event, Change)
        cell = body_cell(at.stream_no, at.sq)
        plain = open_body(sealed, open_data_key(stored, KEK), cell, event.body)
        opened: dict[str, Any] = msgspec.json.decode(plain)
        return opened


def test_a_change_goes_to_the_log_of_its_organization() -> None:
    desk = Desk(*ALL)
    desk.order("rotate_key", agent="mailer")
    desk.order("create_organization", slug="umbrella")
    assert [log for log, _ in desk.written()] == ["log.example/acme", "log.example/platform"]


def test_each_log_seals_with_a_key_of_its_own_made_once() -> None:
    desk = Desk(*ALL)
    desk.order("rotate_key", agent="mailer")
    desk.order("rotate_key", agent="mailer")
    desk.order("create_organization", slug="umbrella")
    assert [key.organization_id for key in desk.records.data_keys] == [ACME.id, None]


def test_what_is_missing_is_done_first_and_told() -> None:
    answer = Desk().order(
        "enroll_agent", owner="bob@example.com", purpose="triage", model=["gpt-4o"]
    )
    assert [step.command for step in answer.steps] == [
        "create_organization",
        "create_workspace",
        "register_person",
    ]


def test_the_operator_is_told_by_the_caller_of_carry_out_and_never_by_values() -> None:
    with pytest.raises(Invalid):
        Desk(*ALL).order("rotate_key", agent="mailer", actor="somebody else")


def test_a_pseudonym_is_the_same_for_one_operator_and_log_and_no_other() -> None:
    desk = Desk(*ALL)
    other = LocalOperator(uid=1001, user="otto", host="gw-1")
    desk.order("rotate_key", agent="mailer")
    desk.order("rotate_key", agent="mailer")
    desk.order("rotate_key", agent="mailer", by=other)
    desk.order("create_organization", slug="umbrella")
    first, again, otto, platform = [event.actor.id for _, event in desk.written()]
    assert first == again
    assert len({first, otto, platform}) == 3


def test_the_body_says_who_why_and_what_changed() -> None:
    desk = Desk(*ALL)
    desk.order("revoke_key", agent="mailer", reason="found in a gist")
    body = desk.body(0)
    assert body["by"] == {"uid": 1000, "user": "olga", "host": "gw-1"}
    assert (body["command"], body["reason"]) == ("revoke_key", "found in a gist")
    assert [row["type"] for row in body["before"]] == ["agent", "key"]
    assert [row["type"] for row in body["after"]] == ["agent", "key"]


def test_no_body_holds_a_mac_or_a_credential() -> None:
    desk = Desk(*ALL)
    desk.order("rotate_key", agent="mailer")
    desk.order("rekey_provider", provider="openai", key=Secret("sk-canary"))
    for number in (0, 1):
        body = desk.body(number)
        for row in body["before"] + body["after"]:
            assert not {"mac", "credential"} & row.keys()
        assert "sk-canary" not in str(body)


def test_what_cannot_be_done_is_refused_before_anything_is_written() -> None:
    desk = Desk(*ALL)
    with pytest.raises(NotFound):
        desk.order("rotate_key", agent="nobody")
    assert desk.book.entries == []
    assert desk.records.revision == 0


def test_without_the_book_nothing_changes() -> None:
    desk = Desk(*ALL)
    desk.book.is_up = False
    before = dict(desk.records.rows)
    with pytest.raises(Unavailable):
        desk.order("revoke_key", agent="mailer")
    assert desk.records.rows == before


def test_a_repeated_order_answers_what_it_did_and_does_nothing() -> None:
    desk = Desk(*ALL)
    first = desk.order("rotate_key", agent="mailer", idempotency_key="k")
    again = desk.order("rotate_key", agent="mailer", idempotency_key="k")
    assert (again.values, again.reference, again.repeated) == (
        first.values,
        first.reference,
        True,
    )
    assert again.shown_once is None
    assert len(desk.book.entries) == 1


def test_a_key_that_came_with_another_order_is_refused() -> None:
    desk = Desk(*ALL)
    desk.order("rekey_provider", provider="openai", key=Secret("sk-1"), idempotency_key="k")
    with pytest.raises(Conflict):
        desk.order("rekey_provider", provider="openai", key=Secret("sk-2"), idempotency_key="k")
    with pytest.raises(Conflict):
        desk.order("rotate_key", agent="mailer", idempotency_key="k")


def test_what_is_remembered_of_an_order_holds_no_secret() -> None:
    desk = Desk(*ALL)
    answer = desk.order("rotate_key", agent="mailer", idempotency_key="k")
    assert answer.shown_once is not None
    (kept,) = desk.records.orders.values()
    assert answer.shown_once.reveal().encode() not in kept.answer
    assert set(msgspec.json.decode(kept.answer)) == set(answer.values)


@pytest.mark.parametrize("reason", ["two\nlines", "\x1b[31mred", "x" * 401])
def test_a_reason_is_one_line_that_can_be_shown(reason: str) -> None:
    with pytest.raises(Invalid):
        Desk(*ALL).order("rotate_key", agent="mailer", reason=reason)


@pytest.mark.parametrize("reason", ["", "  "])
def test_what_is_done_for_a_reason_only_is_not_done_without(reason: str) -> None:
    values = {"stop": "stp_1", "by": "alice@example.com"}
    command = read_command(command_kinds()["release_stop"], values)
    with pytest.raises(Invalid) as caught:
        carry_out(Desk(*ALL).control, Order(command=command, by=OLGA, reason=reason))
    assert caught.value.code == "reason_missing"
