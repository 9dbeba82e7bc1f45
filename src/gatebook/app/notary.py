"""The notary as a process: the rules of `ledger/notary.py` behind a socket of its own.

    POST /add-checkpoint                        the witness protocol (C2SP tlog-witness)
    GET  /<sha256(origin)>/checkpoint           the checkpoint signed last
    POST /certify                               a stream's key, asked for by the installation
    GET  /vkeys?origin=<origin>                 the two keys of a log, one to a line
    GET  /reach?origin=<origin>&stream=<sid>    how far a stream is signed

It has its own keys and memory, and opens no database. One event loop answers one request after the
other, which is what makes compare and swap safe.
"""

import re
import socket
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import msgspec

from gatebook.app.config import Config
from gatebook.app.keyring import load_keyring
from gatebook.app.log_source import log_source
from gatebook.app.notary_address import address_of, folder_of, socket_path
from gatebook.app.notary_folder import NotaryFolder, create, installation_vkey
from gatebook.app.serving import listen_on, serve, server_for
from gatebook.core.clock import SystemClock
from gatebook.core.errors import GatebookError, Invalid, NotFound, Tampered
from gatebook.core.ids import system_entropy
from gatebook.ledger.notary import TEXT, Notary
from gatebook.ledger.witness import MAX_REQUEST_BYTES
from gatebook.web.blocking_client import HTTP
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer, problem

_DIGEST: Final = re.compile(rb"/([0-9a-f]{64})/checkpoint")


class NotaryDoor:
    """The notary as an ASGI application."""

    def __init__(self, notary: Notary, folder: NotaryFolder) -> None:
        self._notary = notary
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        too_large = Invalid("body_too_large", "The body is too large.")
        try:
            body = await exchange.body(MAX_REQUEST_BYTES, too_large)
            answer = self._answer(exchange, body)
        except GatebookError as error:
            answer = refusal(error)
        await exchange.answer(answer)

    def _answer(self, exchange: Exchange, body: bytes) -> Answer:
        match exchange.method, exchange.path:
            case "POST", b"/add-checkpoint":
                status, media_type, answer = self._notary.add_checkpoint(body)
                return _plain(answer, status, media_type)
            case "POST", b"/certify":
                return _plain(self._notary.certify(body))
            case "GET", b"/vkeys":
                keys = self._notary.vkeys(_asked(exchange, "origin"))
                return _plain("".join(f"{key}\n" for key in keys).encode())
            case "GET", b"/reach":
                origin, sid = _asked(exchange, "origin"), _asked(exchange, "stream")
                return _plain(self._notary.reach(origin, sid))
            case "GET", path if found := _DIGEST.fullmatch(path):
                head = self._folder.find(found[1].decode())
                if head is not None:
                    return _plain(head.checkpoint)
        raise NotFound("not_found", "The notary knows nothing of this name.")


def _asked(exchange: Exchange, name: str) -> str:
    """What the query says under a name; nothing unless it says it once."""
    named = parse_qs(exchange.query.decode("ascii", "replace")).get(name, [])
    return named[0] if len(named) == 1 else ""


def refusal(error: GatebookError) -> Answer:
    """A failure with the status that the witness protocol has for it: 422 for a broken rule."""
    answer = problem(error)
    if error.kind != Tampered.kind:
        return answer
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    said = {**msgspec.json.decode(answer.body), "title": status.phrase, "status": status.value}
    return Answer(status.value, answer.headers, msgspec.json.encode(said))


def prepare(config: Config) -> NotaryFolder:
    """Open the notary's folder; where it is embedded, make it first.

    An embedded notary answers to the installation it is embedded in. For one that stands by itself
    `notary_folder.create` is called beforehand, with the vkey of the installation it will serve.
    """
    place = folder_of(config)
    if config.notary.embedded:
        installation = load_keyring(config, system_entropy).installation
        create(place, installation_vkey(config.ledger.origin, installation), system_entropy)
    return NotaryFolder(place)


def run(config: Config, ready: Callable[[str], None]) -> None:
    """Be the notary until told to stop; `ready` is told its address. Raises Misconfigured."""
    place = prepare(config)
    notary = Notary(
        prefix=place.prefix,
        installation=place.installation,
        key=place.key,
        second_key=place.second_key,
        heads=place,
        sources=log_source(config.notary.log or str(config.data / "log")),
        clock=SystemClock(),
    )
    address = address_of(config)
    with place.held(), _listen(address) as listener:
        serve(server_for(NotaryDoor(notary, place), refusal, lambda: ready(address)), listener)


def _listen(address: str) -> socket.socket:
    if address.startswith(HTTP):
        host, _, port = address.removeprefix(HTTP).rpartition(":")
        return listen_on(host.strip("[]"), int(port))
    path = socket_path(address)
    Path(path).unlink(missing_ok=True)  # left behind by a notary that was killed: the lock is ours
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    Path(path).chmod(0o600)
    listener.listen()
    return listener


def _plain(body: bytes, status: int = 200, media_type: str = TEXT) -> Answer:
    return Answer(status, [(b"content-type", media_type.encode())], body)
