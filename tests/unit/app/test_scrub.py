"""Whatever looks like a credential is taken out of a text; what does not stays."""

import time

import pytest

from gatebook.app.scrub import MARK, scrub
from gatebook.core.ids import system_entropy
from gatebook.identity.keys import Peppers, mint

CANARY = "Zx9canaryQw7canaryPl3"


@pytest.mark.parametrize(
    "text",
    [
        f"sk-proj-{CANARY}",
        f"the key sk-ant-api03-{CANARY} is wrong",
        f"Authorization: Bearer {CANARY}",
        f"authorization=Basic {CANARY}==",
        f"[(b'x-api-key', b'{CANARY}')]",
        f"{{'x-goog-api-key': '{CANARY}'}}",
        f'{{"api_key": "{CANARY}"}}',
        f"api-key: {CANARY}",
        f"X-Gatebook-Key: {CANARY}",
        f"Proxy-Authorization: {CANARY}",
        f"Cookie: {CANARY}",
        f"GET /v1beta/models/g:generateContent?key={CANARY} HTTP/1.1",
        f"/x?alt=sse&key={CANARY}&b=1",
        f"'query_string': b'key={CANARY}'",
        f"https://api.example/?api_key={CANARY}",
        f"?X-Amz-Signature={CANARY}",
        f"?X-Amz-Security-Token={CANARY}",
        f"postgresql+psycopg://gatebook:{CANARY}@db/gatebook",
        f"PGPASSWORD={CANARY}",
        f"client_secret={CANARY}",
        f"AIza{CANARY}",
        "AKIA" + CANARY.upper(),
        f"eyJ{CANARY}.{CANARY}.{CANARY}",
        f"gsk_{CANARY}",
    ],
)
def test_a_credential_is_taken_out(text: str) -> None:
    clean = scrub(text)
    assert CANARY not in clean
    assert CANARY.upper() not in clean
    assert MARK in clean


def test_a_key_of_ours_is_taken_out_whole_or_in_part() -> None:
    token = mint(Peppers({1: bytes(32)}), system_entropy).token.reveal()
    assert scrub(f"({token})") == f"(gbk_{MARK})"
    assert token[20:40] not in scrub(f"({token[:40]}...)")


@pytest.mark.parametrize(
    "text",
    [
        "gateway is ready at http://127.0.0.1:8484",
        "call receipt=sA1b.12 agent=agt_7gh2nKe8ireJf7A8QjtKZU status=200 tokens_in=3",
        "https://api.openai.com/v1/chat/completions?beta=true",
        "mail to olga@example.com",
        "notary: what it signed is told",
        "The API key is not valid. Check that the whole key was copied.",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "evil",
    ["://", "?key=", "authorization:", "eyJa.", "eyJ-", "sk-", "bearer ", "a-", "?a-", "token "],
)
def test_no_text_takes_long(evil: str) -> None:
    began = time.perf_counter()
    scrub(evil * 20_000)
    assert time.perf_counter() - began < 2
