"""A value in pieces is replaced as one that comes whole, for every case of a detector."""

import json
import re

import pytest

from gatebook.gateway.guarded_stream import GuardedStream
from gatebook.guard.edits import Place, edited
from gatebook.guard.pack import whole
from gatebook.guard.settings import GuardSettings
from gatebook.guard.vault import Vault
from gatebook.policy.guarding import GuardPolicy
from gatebook.providers.openai import CHAT
from tests.guard import inspector, rules

INSPECTOR = inspector()
POLICY = GuardPolicy([], GuardSettings(data="redact"))
HITS = [(name, whole(hit)) for name, rule in rules().detectors.items() for hit in rule.hits]

# Values whose first words are words of a language, or that stand on two lines: what has gone of
# them when the rest comes is in docs/how-to/guard.md.
KNOWN = {"uk_nino", "recovery_phrase", "passport_mrz", "coordinates", "alibaba_access_key"}


def passed(pieces: list[str]) -> str:
    stream = GuardedStream(
        INSPECTOR, CHAT.format, POLICY, "", vault=Vault(), set_apart=lambda _: None
    )
    gone = b""
    for piece in pieces:
        data = json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]})
        gone += stream.feed(b"data: %b\n\n" % data.encode())
    gone += stream.finish()
    events = [json.loads(line[6:]) for line in gone.decode().splitlines() if line]
    return "".join([event["choices"][0]["delta"]["content"] for event in events])


@pytest.mark.parametrize("size", ["word", 3])
def test_what_is_redacted_whole_is_redacted_in_pieces(size: str | int) -> None:
    wrong = set()
    for name, hit in HITS:
        text = hit + " and then it goes on. "
        places = [
            Place(each.start, each.end, each.detector, "redact")
            for each in INSPECTOR.data(text, set())
        ]
        pieces = (
            re.findall(r"\S+\s*|\s+", text)
            if size == "word"
            else [text[at : at + 3] for at in range(0, len(text), 3)]
        )
        if passed(pieces) != edited(text, places, Vault()):
            wrong.add(name)
    assert wrong <= KNOWN
