"""A body is read whole or not at all, and costs the memory of its bytes, however it comes."""

import tracemalloc
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from gatebook.core.errors import Invalid
from gatebook.web.body import Disconnected, read_body

if TYPE_CHECKING:
    from gatebook.web.server import EdgeProtocol

TOO_LARGE = Invalid("body_too_large", "No.")


class HandConnection:
    """A connection with nothing wrong."""

    fault: Invalid | None = None


async def read(
    parts: Iterator[bytes], limit: int, *, declared: bytes | None = None, fails: bool = False
) -> bytes:
    """What is read of these parts; the peer leaves after them, without an empty one at the end."""
    connection = HandConnection()

    async def receive() -> MutableMapping[str, Any]:
        part = next(parts, None)
        if part is None:
            return {"type": "http.disconnect"}
        if fails:
            connection.fault = Invalid("request_timeout", "Late.")
        return {"type": "http.request", "body": part, "more_body": part != b""}

    return await read_body(receive, cast("EdgeProtocol", connection), declared, limit, TOO_LARGE)


@pytest.mark.parametrize("parts", [[b""], [b"abc", b""], [b"a", b"b", b"c", b""]])
async def test_a_body_is_its_parts_in_order(parts: list[bytes]) -> None:
    body = await read(iter(parts), 3)
    assert (body, type(body)) == (b"".join(parts), bytes)


async def test_more_than_the_limit_is_refused_said_or_sent() -> None:
    for parts, declared in (([b"ab", b"cd", b""], None), ([], b"4")):
        with pytest.raises(Invalid) as caught:
            await read(iter(parts), 3, declared=declared)
        assert caught.value is TOO_LARGE


async def test_a_peer_that_leaves_has_nobody_to_answer() -> None:
    with pytest.raises(Disconnected):
        await read(iter([b"ab"]), 3)


async def test_what_is_wrong_with_the_connection_is_wrong_with_the_body() -> None:
    with pytest.raises(Invalid) as caught:
        await read(iter([b"ab"]), 3, fails=True)
    assert caught.value.code == "request_timeout"


async def test_tiny_parts_take_no_multiple_of_what_they_hold() -> None:
    count = 100_000
    parts = (b"%02d" % (number % 100) for number in range(count))
    tracemalloc.start()
    try:
        with pytest.raises(Disconnected):
            await read(parts, 2 * count)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * (2 * count)
