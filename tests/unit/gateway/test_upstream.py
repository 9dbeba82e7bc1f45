"""What leaves is written by us alone, and goes where an administrator said."""

import asyncio
import tracemalloc

import pytest

from gatebook.core.addresses import may_reach
from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.formats import Call, Operation
from gatebook.gateway.upstream import Reply, request_of, target_of
from gatebook.providers import Outgoing, azure
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT, MODELS
from gatebook.web.client import Client, Connection, Origin

CALL = Call(operation=CHAT, path=CHAT.path, model="gpt-4o", body=b"{}")


def test_the_head_of_a_request_holds_what_we_say_and_nothing_else() -> None:
    target = target_of(
        "https://api.example/base/v9/", CALL, "gatebook/1", ("Authorization", "Bearer k")
    )
    assert target.origin == Origin(is_tls=True, host="api.example", port=443)
    assert target.head.decode().split("\r\n") == [
        "POST /base/v9/chat/completions HTTP/1.1",
        "Host: api.example",
        "User-Agent: gatebook/1",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Authorization: Bearer k",
        "Content-Type: application/json",
        "",
    ]


def test_a_stream_is_asked_for_as_one_and_a_list_has_no_body() -> None:
    streamed = Call(operation=CHAT, path=CHAT.path, streamed=True)
    assert b"Accept: text/event-stream\r\n" in target_of("http://h:81", streamed, "g", None).head
    listed = target_of("http://h:81", Call(operation=MODELS, path=MODELS.path), "g", None)
    assert listed.origin == Origin(is_tls=False, host="h", port=81)
    assert b"Host: h:81\r\n" in listed.head
    assert b"Content-Type" not in listed.head
    assert b"Authorization" not in listed.head


@pytest.mark.parametrize(
    ("base_url", "operation", "model", "line"),
    [
        ("https://api.openai.com/v1", CHAT, "", "/v1/chat/completions"),
        ("https://api.groq.com/openai/v1", CHAT, "", "/openai/v1/chat/completions"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            CHAT,
            "",
            "/v1beta/openai/chat/completions",
        ),
        ("https://api.deepseek.com", CHAT, "", "/chat/completions"),
        ("https://api.anthropic.com", MESSAGES, "", "/v1/messages"),
        ("https://x.openai.azure.com", azure.CHAT, "d", "/openai/deployments/d/chat/completions"),
    ],
)
def test_a_path_stands_behind_the_base_url_as_in_the_vendors_sdk(
    base_url: str, operation: Operation, model: str, line: str
) -> None:
    call = Call(operation=operation, path=operation.path.replace("{model}", model))
    assert target_of(base_url, call, "g", None).head.startswith(f"POST {line} HTTP/1.1".encode())


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "ftp://h",
        "https://",
        "https://u@h",
        "https://h/a\r\nX: y",
        "https://h/ä",
        "https://h/a b",
    ],
)
def test_an_address_that_could_say_more_than_an_address_is_not_used(base_url: str) -> None:
    with pytest.raises(Misconfigured):
        target_of(base_url, CALL, "g", None)


def test_a_request_that_is_signed_is_signed_as_it_leaves_and_anew_each_time() -> None:
    asked: list[tuple[Outgoing, int]] = []

    def signer(request: Outgoing, now_us: int) -> list[tuple[str, str]]:
        asked.append((request, now_us))
        return [("Authorization", f"signed at {now_us}")]

    call = Call(operation=CHAT, path=CHAT.path, headers=(("traceparent", "00"),), body=b"{}")
    target = target_of("https://api.example:8443/base", call, "g", signer)
    target = target._replace(region="eu")
    first, second = request_of(call, target, 1), request_of(call, target, 2)
    assert first.endswith(
        b"Content-Type: application/json\r\ntraceparent: 00\r\nAuthorization: signed at 1\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    assert b"signed at 2\r\n" in second
    url = "https://api.example:8443/base/chat/completions"
    signed = {"Host": "api.example:8443", "Content-Type": "application/json"}
    assert asked[0] == (Outgoing("POST", url, signed, b"{}", "eu"), 1)


def test_a_credential_in_a_header_is_not_signed_with() -> None:
    target = target_of("https://api.example", CALL, "g", ("Authorization", "Bearer k"))
    assert request_of(CALL, target, 1).count(b"Authorization") == 1
    assert target.signer is None


class NoTransport:
    """The other end of a connection, which takes everything in."""

    def write(self, data: bytes) -> None:
        """Something is sent."""

    def abort(self) -> None:
        """The connection is closed."""


async def whole(body: bytes, limit: int) -> tuple[bytes, list[int], int]:
    """A reply in parts of two bytes: what is read, what was held, and the peak of the memory."""
    loop = asyncio.get_running_loop()
    connection = Connection(loop)
    connection.connection_made(NoTransport())  # type: ignore[arg-type]  # what is used of one
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [b"2\r\n%b\r\n" % body[at : at + 2] for at in range(0, len(body), 2)]
    rest = b"".join(parts) + b"0\r\n\r\n"
    loop.call_soon(connection.data_received, head)
    await connection.send(b"GET / HTTP/1.1\r\n\r\n")
    loop.call_soon(connection.data_received, rest)
    reply = Reply(Client(5, may_reach), Origin(False, "x", 80), connection)
    held: list[int] = []
    tracemalloc.start()
    try:
        read = await reply.whole(limit, held.append)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return read, held, peak


async def test_a_reply_in_tiny_parts_takes_no_multiple_of_what_it_holds() -> None:
    body = b"ab" * 200_000
    read, held, peak = await whole(body, len(body))
    assert (read == body, sum(held)) == (True, len(body))
    assert peak < 12 * len(body)  # of which 8 are what is held of each part here


async def test_a_reply_beyond_its_limit_is_not_held() -> None:
    with pytest.raises(Unavailable) as caught:
        await whole(b"ab" * 10, 19)
    assert caught.value.code == "reply_too_large"
