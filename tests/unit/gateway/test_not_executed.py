"""Only a vendor can say of a call that it did not carry it out."""

from collections.abc import Callable
from typing import Any

import pytest

from gatebook.gateway.not_executed import is_not_executed, is_vendors

OPENAI = b'{"error":{"message":"The engine is currently overloaded.","type":"server_error"}}'
ANTHROPIC = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
GOOGLE = b'{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}'
ENVOY = b"upstream connect error or disconnect/reset before headers. reset reason: timeout"
HELD: list[int] = []
AMAZON = {b"x-amzn-errortype": b"ServiceUnavailableException"}


class Said:
    """A reply with a head and a body."""

    def __init__(self, status: int, body: bytes, headers: dict[bytes, bytes]) -> None:
        self.status = status
        self.is_read = False
        self._body = body
        self._headers = headers

    def header(self, name: bytes) -> bytes:
        return self._headers.get(name, b"")

    async def whole(self, limit: int, hold: Callable[[int], None]) -> bytes:
        assert limit == 1000
        hold(len(self._body))
        self.is_read = True
        return self._body


def said(status: int, body: bytes, headers: dict[bytes, bytes] | None = None) -> Any:
    return Said(status, body, headers or {})


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (429, b"", {}, True),
        (529, b"", {}, True),
        (503, OPENAI, {}, True),
        (503, ANTHROPIC, {}, True),
        (503, GOOGLE, {}, True),
        (503, b'{"message":"Not now."}', AMAZON, True),
        (503, ENVOY, {b"server": b"envoy"}, False),
        (503, OPENAI, {b"server": b"istio-envoy"}, False),
        (503, b"<html>503 Service Temporarily Unavailable</html>", {b"server": b"nginx"}, False),
        (503, b'{"message":"no Route matched with those values"}', {}, False),
        (503, b'{"error":"unavailable"}', {}, False),
        (503, b"", {}, False),
        (500, OPENAI, {}, False),
        (502, OPENAI, {}, False),
        (504, OPENAI, {}, False),
        (200, b"{}", {}, False),
    ],
)
async def test_what_says_that_a_call_was_not_carried_out(
    status: int, body: bytes, headers: dict[bytes, bytes], *, expected: bool
) -> None:
    assert await is_not_executed(said(status, body, headers), 1000, HELD.append) == expected


async def test_a_body_is_read_only_where_the_status_does_not_tell() -> None:
    for status in (200, 429, 500):
        reply = said(status, OPENAI)
        await is_not_executed(reply, 1000, HELD.append)
        assert not reply.is_read


def test_an_error_in_the_words_of_the_vendor_is_the_vendors() -> None:
    assert is_vendors(said(500, OPENAI), OPENAI)
    assert not is_vendors(said(500, b"Internal Server Error"), b"Internal Server Error")
