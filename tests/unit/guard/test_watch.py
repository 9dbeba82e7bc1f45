"""However a reply is cut into events, nothing of what is to be replaced goes on."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gatebook.core.errors import Refused
from gatebook.formats.content import Blind, Origin, Span
from gatebook.guard.edits import Edit
from gatebook.guard.inspect import Place
from gatebook.guard.vault import Vault
from gatebook.guard.watch import Watch
from gatebook.providers.openai import CHAT

CARD = re.compile(r"\b(?:\d{4}[ -]?){3}\d{4}\b")
MAIL = re.compile(r"\b[\w.]{1,20}@[\w.]{3,20}\b")


class Clerk:
    """Knows cards and addresses, and has one thing done about each."""

    def __init__(self, edit: Edit | None, *, refuses: bool = False) -> None:
        self.edit = edit
        self.refuses = refuses
        self.decided: list[Place] = []

    def hear(self, lane: str, span: Span) -> None:
        """It looks only at what is to be decided."""

    def see(self, part: Blind) -> None:
        """There are none here."""

    def whole(self, text: str) -> str:
        return CARD.sub("[CARD]", text) if self.edit else text

    def look(self, text: str, origin: Origin) -> tuple[Place, ...]:
        return tuple(
            Place(name, "personal", *found.span(), 1.0)
            for name, pattern in (("card", CARD), ("email", MAIL))
            for found in pattern.finditer(text)
        )

    def decide(self, place: Place, origin: Origin, *, is_fixed: bool) -> Edit | None:
        self.decided.append(place)
        if self.refuses:
            raise Refused("content_policy_violation", "No.")
        return self.edit


def chunk(text: str, member: str = "content") -> bytes:
    delta: dict[str, Any] = {member: text}
    if member == "arguments":
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}
    data = json.dumps({"id": "x", "choices": [{"index": 0, "delta": delta}]})
    return b"data: " + data.encode() + b"\n\n"


def watch(clerk: Clerk, vault: Vault | None = None) -> Watch:
    spoken = CHAT.format
    return Watch(spoken.cutter(), spoken.reader().read, clerk, vault or Vault())


def text_of(events: bytes, member: str = "content") -> str:
    said = []
    for line in events.decode().splitlines():
        if line.startswith("data: "):
            delta = json.loads(line[6:])["choices"][0]["delta"]
            if member == "arguments":
                delta = delta["tool_calls"][0]["function"] if "tool_calls" in delta else {}
            said.append(delta.get(member, ""))
    return "".join(said)


def passed(watching: Watch, pieces: list[str], member: str = "content") -> list[str]:
    """What has gone on after each event, and in the end."""
    gone, so_far = b"", []
    for piece in pieces:
        gone += watching.feed(chunk(piece, member))
        so_far.append(text_of(gone, member))
    gone += watching.finish()
    return [*so_far, text_of(gone, member)]


WORDS = st.sampled_from(
    (
        *("hello ", "the card is ", "4111 1111 1111 1111", "4111-1111-1111-1111", ", "),
        *("12 apples ", "ada@example.com", " and ", "\n", "é ", "price 4111 ", "x"),
    )
)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({0, len(text), *[place % (len(text) + 1) for place in places]})
    return [text[start:end] for start, end in pairwise(ends)]


@settings(max_examples=300)
@given(st.lists(WORDS, min_size=1, max_size=12), st.lists(st.integers(0, 999), max_size=40))
def test_however_it_is_cut_the_same_goes_on_and_never_a_part_of_what_is_replaced(
    words: list[str], places: list[int]
) -> None:
    text = "".join(words)
    whole = passed(watch(Clerk("redact")), [text])[-1]
    so_far = passed(watch(Clerk("redact")), cut(text, places))
    assert so_far[-1] == whole == MAIL.sub("[EMAIL]", CARD.sub("[CARD]", text))
    assert all(whole.startswith(each) for each in so_far)


def test_prose_waits_for_the_end_of_its_last_word_only() -> None:
    so_far = passed(watch(Clerk("redact")), ["Hello ", "my dear ", "fri", "end, ", "how"])
    assert so_far[:4] == ["Hello ", "Hello my dear ", "Hello my dear ", "Hello my dear friend, "]
    assert so_far[-1] == "Hello my dear friend, how"


def test_what_is_refused_is_refused_before_it_goes() -> None:
    watching = watch(Clerk(None, refuses=True))
    assert watching.feed(chunk("card 4111 1111 ")) == b""
    with pytest.raises(Refused):
        watching.feed(chunk("1111 1111 is mine"))


@settings(max_examples=200)
@given(st.lists(st.integers(0, 99), max_size=20))
def test_tokens_are_values_again_however_they_are_cut(places: list[int]) -> None:
    vault = Vault()
    token = vault.token("email", "ada@example.com")
    text = f"Write to {token}, not to <EMAIL_9>, {token}."
    so_far = passed(watch(Clerk(None), vault), cut(text, places))
    assert so_far[-1] == "Write to ada@example.com, not to <EMAIL_9>, ada@example.com."


def test_arguments_go_on_when_they_are_whole() -> None:
    watching = watch(Clerk("mask"))
    pieces = ['{"card": "4111', " 1111 1111 ", '1111", "n": 1}']
    so_far = passed(watching, pieces, "arguments")
    assert so_far == ["", "", "", '{"card": "[CARD]", "n": 1}']


def test_everything_that_is_found_is_decided_on_once() -> None:
    clerk = Clerk(None)
    passed(watch(clerk), list("a card 4111 1111 1111 1111 and ada@example.com "))
    assert sorted(place.detector for place in clerk.decided) == ["card", "email"]


def test_what_reads_nothing_passes() -> None:
    event = b": hello\n\n"
    assert watch(Clerk(None)).feed(event) == event
    assert watch(Clerk(None)).feed(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"
