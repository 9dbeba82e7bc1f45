"""Takes a call to its provider: the only place from which anything leaves.

What leaves is written anew, field by field: no header of the agent passes but those its dialect
lists, none of its credentials ever does, and our own credential goes to its provider only.
Nothing is followed, decompressed or sent twice.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from gatebook.control.target import ApiUrl, read_api_url
from gatebook.core.clock import Clock
from gatebook.core.errors import Invalid, Misconfigured, Unavailable
from gatebook.core.secret import Secret
from gatebook.formats import Call
from gatebook.identity.directory import Provider
from gatebook.ledger.attempt import Receipt
from gatebook.policy.resolve import Permit
from gatebook.providers import Dialect, Outgoing, Signer
from gatebook.web.client import Broken, Client, Connection, NotCalled, NotSent, Origin, Take

_REMEMBERED: Final = 1000
"""Targets that are kept."""
_JSON: Final = "application/json"


class Target(NamedTuple):
    """Where an operation of a provider is, and the head of a request there but for its end."""

    origin: Origin
    head: bytes
    url: str = ""
    signer: Signer | None = None
    """Makes the headers that authorize each request, where no header does for all."""
    region: str = ""


class _Made(NamedTuple):
    provider: Provider
    credential: Secret | None
    target: Target


class Reply:
    """A provider's reply whose head has come; it holds its connection until `close`."""

    def __init__(self, client: Client, origin: Origin, connection: Connection) -> None:
        self.status = connection.status
        self.headers = connection.headers
        self._client = client
        self._origin = origin
        self._connection = connection
        self._body: bytes | None = None

    def header(self, name: bytes) -> bytes:
        """A header by its lower-case name; empty if there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""

    async def feed(self, take: Take) -> bool:
        """See Connection.feed; raises Unavailable, and what `take` raises."""
        try:
            return await self._connection.feed(take)
        except Broken as error:
            raise _broken(str(error)) from error

    async def whole(self, limit: int, hold: Callable[[int], None]) -> bytes:
        """The whole body, also when asked again; raises Unavailable, also beyond `limit` bytes.

        `hold` is told the size of each part before it is kept, and may raise.
        """
        if self._body is not None:
            return self._body
        body = bytearray()

        def take(part: bytes) -> bool:
            if len(body) + len(part) > limit:
                raise reply_too_large()
            hold(len(part))
            body.extend(part)
            return True

        await self.feed(take)
        self._body = bytes(body)
        return self._body

    def close(self) -> None:
        """Give the connection back, or close it if the reply was not read to its end."""
        self._client.release(self._origin, self._connection)


class Upstream:
    """The way out."""

    def __init__(self, client: Client, version: str, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._agent = f"gatebook/{version}"
        self._made: dict[tuple[str, str, str, bool], _Made] = {}

    async def forward(
        self,
        call: Call,
        permit: Permit,
        receipt: Receipt,
        *,
        dialect: Dialect,
        credential: Secret | None,
    ) -> Reply:
        """Send a call whose intent is recorded; returns when the head of the reply has come.

        The receipt is the proof: without one there is no way to call this, and only the ledger
        makes one. Raises Unavailable: `upstream_unavailable` if nothing has left, else
        `upstream_broken`, after which the call may have been executed.
        """
        del receipt
        return await self._send(call, self._target(call, permit.provider, dialect, credential))

    async def probe(
        self, provider: Provider, dialect: Dialect, credential: Secret | None
    ) -> int | None:
        """The status with which a provider answers when it is asked for its models.

        None where its dialect has no such list: then it is known only that it can be reached. The
        request is made here and has no body, so nothing of an agent's can leave by it. Raises
        Unavailable as `forward` does.
        """
        asked = next((each for each in dialect.OPERATIONS if each.name == "models"), None)
        if asked is None:
            origin = _origin(_address(provider.base_url))
            self._client.release(origin, await self._connect(origin))
            return None
        call = Call(operation=asked, path=asked.path)
        reply = await self._send(call, self._target(call, provider, dialect, credential))
        reply.close()
        return reply.status

    async def _send(self, call: Call, target: Target) -> Reply:
        request = request_of(call, target, self._clock.now_us())
        connection = await self._connect(target.origin)
        try:
            await connection.send(request)
        except Broken as error:
            raise _broken(str(error)) from error
        finally:
            if not connection.status:
                connection.abort()
        return Reply(self._client, target.origin, connection)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._client.close()

    async def _connect(self, origin: Origin) -> Connection:
        try:
            return await self._client.connect(origin)
        except NotCalled as error:
            raise Unavailable(
                "upstream_unavailable",
                "The provider's name leads to an address that calls do not go to.",
                "Have an administrator look at the provider's address; nothing was sent.",
            ) from error
        except NotSent as error:
            raise Unavailable(
                "upstream_unavailable",
                "The provider cannot be reached.",
                "Retry after a moment; nothing was sent.",
                retry_after_seconds=1,
            ) from error

    def _target(
        self, call: Call, provider: Provider, dialect: Dialect, credential: Secret | None
    ) -> Target:
        """The target of a call, made once for each state of its provider."""
        key = (provider.id, call.operation.method, call.path, call.streamed)
        made = None if call.query else self._made.get(key)
        if made and made.provider is provider and made.credential is credential:
            return made.target
        authorization = dialect.authorization(_line(credential.reveal())) if credential else None
        target = target_of(provider.base_url, call, self._agent, authorization)
        target = target._replace(region=provider.region)
        if not call.query:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()  # a path may name a model, and models can be made up
            self._made[key] = _Made(provider, credential, target)
        return target


def target_of(
    base_url: str, call: Call, agent: str, authorization: tuple[str, str] | Signer | None
) -> Target:
    """The target of a call; raises Misconfigured for an address that cannot be used."""
    url = _address(base_url)
    operation = call.operation
    query = f"?{call.query}" if call.query else ""
    path = url.path + call.path.removeprefix(operation.base) + query
    fields = [
        ("Host", url.authority),
        ("User-Agent", agent),
        ("Accept", operation.format.stream_type.decode() if call.streamed else _JSON),
        ("Accept-Encoding", "identity"),
    ]
    if isinstance(authorization, tuple):
        fields.append(authorization)
    if operation.has_body:
        fields.append(("Content-Type", _JSON))
    return Target(
        _origin(url),
        f"{operation.method} {path} HTTP/1.1\r\n".encode("ascii") + _lines(fields),
        url=f"{url.scheme}://{url.authority}{path}",
        signer=None if isinstance(authorization, tuple) else authorization,
    )


def request_of(call: Call, target: Target, now_us: int) -> bytes:
    """The bytes of a request; raises Misconfigured if it cannot be signed."""
    head = target.head + _lines(call.headers)
    if target.signer is not None:
        head += _lines(target.signer(_outgoing(call, target), now_us))
    if not call.operation.has_body:
        return b"%b\r\n" % head
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(call.body), call.body)


def reply_too_large() -> Unavailable:
    """More came than is taken."""
    return Unavailable(
        "reply_too_large",
        "The provider's reply is too large.",
        "Ask for less, or have `gateway.reply_limit_bytes` raised.",
    )


def _address(base_url: str) -> ApiUrl:
    try:
        return read_api_url(base_url)
    except Invalid:
        raise Misconfigured(
            "provider_url", "The address of the provider cannot be used.", "Add the provider again."
        ) from None


def _origin(url: ApiUrl) -> Origin:
    return Origin(url.scheme == "https", str(url.host), url.port)


def _outgoing(call: Call, target: Target) -> Outgoing:
    """What of a request a signature covers; the authority is a part of its address too."""
    signed = {"Host": urlsplit(target.url).netloc}
    if call.operation.has_body:
        signed["Content-Type"] = _JSON
    return Outgoing(call.operation.method, target.url, signed, call.body, target.region)


def _lines(fields: Iterable[tuple[str, str]]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in fields]).encode("ascii")


def _line(text: str) -> str:
    """Text that cannot end its line; raises Misconfigured for any other."""
    if not text.isascii() or not (text + "-").isprintable() or " " in text:
        raise Misconfigured(
            "provider_text",
            "The credential of the provider holds unusual characters.",
            "Set it again: gatebook provider --help",
        )
    return text


def _broken(why: str) -> Unavailable:
    return Unavailable(
        "upstream_broken",
        f"The provider's reply broke off: {why}.",
        "The call may have been executed; look before sending it again.",
    )
