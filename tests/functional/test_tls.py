"""The gate over TLS: 1.3 and nothing older, certificates of clients where they are asked for, and
new certificates without a connection lost.
"""

import json
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openai import DefaultHttpxClient, OpenAI

from gatebook.app import serving
from gatebook.app.authority import CA
from gatebook.app.settings import ServerSettings
from gatebook.storage.database import open_database
from gatebook.web import server
from gatebook.web.settings import TlsSettings
from tests.certificates import HandAuthority
from tests.gates import RunningGate, chat, eventually, open_running_gate
from tests.raw import hear, request
from tests.served import Start

OpenGate = Callable[..., RunningGate]


@pytest.fixture
def open_gate(sqlite_url: str, tmp_path: Path) -> Iterator[OpenGate]:
    """Opens a gate with settings of TLS."""
    with ExitStack() as stack:
        database = stack.enter_context(closing(open_database(sqlite_url)))

        def opened(**settings: Any) -> RunningGate:
            server = ServerSettings(data=str(tmp_path / "data"))
            return stack.enter_context(
                open_running_gate(database, tls=TlsSettings(**settings), server=server)
            )

        yield opened


class Managed(NamedTuple):
    """A gate that manages its own certificate, and where its authority is."""

    gate: RunningGate
    ca: Path

    @property
    def context(self) -> ssl.SSLContext:
        """A client that trusts it."""
        return ssl.create_default_context(cafile=self.ca)


@pytest.fixture(scope="module")
def managed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """One for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("managed")
    shutil.copyfile(sqlite_template, folder / "gatebook.db")
    settings = TlsSettings(self_managed=True, names=("gate.example",))
    server = ServerSettings(data=str(folder / "data"))
    with (
        closing(open_database(f"sqlite:///{folder}/gatebook.db")) as database,
        open_running_gate(database, tls=settings, server=server) as gate,
    ):
        yield Managed(gate, folder / "data" / "tls" / CA)


@pytest.fixture
def authority(tmp_path: Path) -> HandAuthority:
    """An authority of the test's."""
    return HandAuthority(tmp_path)


def self_managed(tmp_path: Path) -> ssl.SSLContext:
    """A client that trusts the authority of a gate that this test opened."""
    return ssl.create_default_context(cafile=tmp_path / "data" / "tls" / CA)


def trusting(authority: HandAuthority, certificate: Path | None = None) -> ssl.SSLContext:
    """A client that trusts the test's authority, and may have a certificate."""
    context = ssl.create_default_context(cafile=authority.ca)
    if certificate:
        context.load_cert_chain(certificate)
    return context


@contextmanager
def secured(
    gate: RunningGate, context: ssl.SSLContext, name: str = "localhost"
) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", gate.port), timeout=10) as line,
        context.wrap_socket(line, server_hostname=name) as wrapped,
    ):
        yield wrapped


def shown(gate: RunningGate, context: ssl.SSLContext) -> bytes:
    """The certificate that the gate shows."""
    with secured(gate, context) as line:
        return line.getpeercert(binary_form=True) or b""


def is_heard(gate: RunningGate, context: ssl.SSLContext) -> bool:
    """Whether a client gets as far as an answer.

    In TLS 1.3 its handshake is over before the server has looked at its certificate.
    """
    try:
        with secured(gate, context) as line:
            line.sendall(request(gate))
            return hear(line).status == 200
    except (ssl.SSLError, ConnectionError, EOFError):
        return False


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "gate.example"])
def test_a_call_over_tls_1_3(managed: Managed, name: str) -> None:
    with secured(managed.gate, managed.context, name) as line:
        assert line.version() == "TLSv1.3"
        for _ in range(2):
            line.sendall(request(managed.gate))
            assert hear(line).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2]
)
def test_nothing_older_is_spoken(managed: Managed, version: ssl.TLSVersion) -> None:
    context = managed.context
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client would not even ask for 1.0
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)), secured(managed.gate, context):
        pass


def test_plain_http_is_not_answered_where_tls_is(managed: Managed) -> None:
    before = managed.gate.requests
    with socket.create_connection(("127.0.0.1", managed.gate.port), timeout=10) as line:
        line.sendall(request(managed.gate))
        with pytest.raises((EOFError, ConnectionError)):
            hear(line)
    assert managed.gate.requests == before


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2", "sub.gate.example"])
def test_the_certificate_is_for_no_other_names(managed: Managed, name: str) -> None:
    with (
        pytest.raises(ssl.SSLCertVerificationError, match="mismatch"),
        secured(managed.gate, managed.context, name),
    ):
        pass


def test_whoever_does_not_know_the_authority_is_not_fooled(managed: Managed) -> None:
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        secured(managed.gate, ssl.create_default_context()),
    ):
        pass


@pytest.mark.parametrize("streamed", [False, True])
def test_the_openai_package_needs_to_know_the_authority_and_nothing_else(
    managed: Managed, streamed: bool
) -> None:
    gate = managed.gate
    with (
        DefaultHttpxClient(verify=managed.context) as http,
        OpenAI(base_url=gate.base_url, api_key=gate.key, http_client=http) as client,
    ):
        assert gate.base_url.startswith("https://")
        create = client.chat.completions.create
        messages: Any = [{"role": "user", "content": "hi"}]
        if streamed:
            parts = list(create(model="gpt-4o", messages=messages, stream=True))
            assert "".join(part.choices[0].delta.content or "" for part in parts)
        else:
            assert create(model="gpt-4o", messages=messages).choices[0].message.content


# -- certificates of clients -----------------------------------------------------------------------


def test_a_client_without_a_certificate_of_that_authority_is_not_listened_to(
    open_gate: OpenGate, authority: HandAuthority, tmp_path: Path
) -> None:
    both = str(authority.issue("gate"))
    settings = {"certificate_file": both, "key_file": both, "client_ca_file": str(authority.ca)}
    gate = open_gate(**settings)
    stranger = HandAuthority(tmp_path, "stranger").issue("impostor")
    old = authority.issue("old", begins_days=-9, ends_days=-1)
    for certificate in (None, stranger, old):
        assert not is_heard(gate, trusting(authority, certificate))
    assert gate.requests == 0
    assert is_heard(gate, trusting(authority, authority.issue("agent")))


def test_a_certificate_is_no_key(open_gate: OpenGate, authority: HandAuthority) -> None:
    both = str(authority.issue("gate"))
    gate = open_gate(certificate_file=both, key_file=both, client_ca_file=str(authority.ca))
    with secured(gate, trusting(authority, authority.issue("agent"))) as line:
        line.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        assert hear(line).status == 401


# -- new certificates ------------------------------------------------------------------------------


def test_a_new_certificate_is_shown_and_what_is_open_goes_on(
    open_gate: OpenGate, authority: HandAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_LOOK_SECONDS", 0.05)
    both = authority.issue("gate")
    gate = open_gate(certificate_file=str(both), key_file=str(both))
    context = trusting(authority)
    first = shown(gate, context)
    with secured(gate, context) as kept, secured(gate, context) as streaming:
        body = json.dumps(chat("sim-slow-1", stream=True)).encode()
        streaming.sendall(request(gate, body=body))
        authority.issue("gate")
        eventually(lambda: shown(gate, context) != first, seconds=5)
        kept.sendall(request(gate))
        assert hear(kept).status == 200
        said = b""
        while b"data: [DONE]" not in said:
            part = streaming.recv(65536)
            assert part, said
            said += part
    assert [fact["ending"] for fact in gate.facts("call.concluded")] == ["complete"] * 2


def test_an_authority_of_clients_that_is_taken_away_vouches_for_nobody_any_more(
    open_gate: OpenGate,
    authority: HandAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loading into the context in use would only ever add authorities."""
    monkeypatch.setattr(serving, "_LOOK_SECONDS", 0.05)
    both, clients = str(authority.issue("gate")), tmp_path / "clients.pem"
    others = HandAuthority(tmp_path, "others")
    clients.write_bytes(authority.ca.read_bytes())
    gate = open_gate(certificate_file=both, key_file=both, client_ca_file=str(clients))
    contexts = {
        "mine": trusting(authority, authority.issue("agent")),
        "theirs": trusting(authority, others.issue("other")),
    }

    def admitted() -> list[str]:
        return [name for name, context in contexts.items() if is_heard(gate, context)]

    assert admitted() == ["mine"]
    clients.write_bytes(others.ca.read_bytes())
    eventually(lambda: admitted() == ["theirs"], seconds=5)


# -- hostile handshakes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40]
)
def test_a_handshake_that_does_not_end_is_let_go(
    open_gate: OpenGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(serving, "HANDSHAKE_SECONDS", 0.3)
    gate = open_gate(self_managed=True)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as line:
        line.sendall(said)
        assert line.recv(1) == b""
    assert time.monotonic() - began < 5
    assert len(shown(gate, self_managed(tmp_path))) > 0


def test_a_gate_with_open_connections_stops_in_time(open_gate: OpenGate, tmp_path: Path) -> None:
    """Also where a peer never says goodbye."""
    gate = open_gate(self_managed=True)
    with secured(gate, self_managed(tmp_path)) as line:
        line.sendall(request(gate))
        assert hear(line).status == 200
        began = time.monotonic()
        gate._server.stop()
        assert time.monotonic() - began < 5


def test_an_agent_that_hangs_up_is_noticed_as_without_tls(managed: Managed) -> None:
    gate = managed.gate
    gate.provider.seen.clear()
    with secured(gate, managed.context) as line:
        line.sendall(request(gate, body=json.dumps(chat("sim-slow-30")).encode()))
        eventually(lambda: len(gate.provider.seen) == 1)
    eventually(
        lambda: (
            [fact["ending"] for fact in gate.facts("call.concluded")][-1:]
            == ["client_disconnected"]
        )
    )


@pytest.mark.parametrize("agrees", [True, False])
def test_an_idle_connection_ends_whether_or_not_its_peer_agrees(
    open_gate: OpenGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool
) -> None:
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.3)
    gate = open_gate(self_managed=True)
    connections = gate._server.server.server_state.connections
    gate._server.server.config.timeout_keep_alive = 0
    with secured(gate, self_managed(tmp_path)) as line:
        line.sendall(request(gate))
        assert hear(line).status == 200
        if agrees:
            assert line.recv(1) == b""
        eventually(lambda: not connections, seconds=5)
        time.sleep(0.5)
    assert len(shown(gate, self_managed(tmp_path))) > 0


@pytest.mark.long
def test_serve_makes_its_certificate_and_says_whom_to_trust(start: Start) -> None:
    served = start(TLS_SELF_MANAGED="true", TLS_NAMES="gate.example")
    served.wait(lambda: "gateway is ready at https://127.0.0.1:" in served.said)
    ca = served.data / "tls" / CA
    assert f"clients have to trust {ca}" in served.said
    port = int(served.said.rpartition("https://127.0.0.1:")[2].split()[0])
    context = ssl.create_default_context(cafile=ca)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as line,
        context.wrap_socket(line, server_hostname="gate.example") as secured_line,
    ):
        secured_line.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        assert hear(secured_line).status == 401
    assert served.end() == 0
