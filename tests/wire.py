"""What an attacker sends in place of a plain request, in bytes: the table of the raw suites.

It is run on the gate itself and on nginx before it. `@KEY@` stands for an agent's key.
"""

from typing import Final, NamedTuple

BODY: Final = b'{"model":"gpt-4o","messages":[]}'


class Case(NamedTuple):
    """Bytes, and what becomes of them."""

    name: str
    data: bytes
    code: str = ""
    """The gate's, for a refusal; empty: the request is harmless and served."""
    tidied: bool = False
    """nginx drops or mends what is odd, and what comes to the gate is a plain request."""


def post(
    *fields: bytes,
    body: bytes = BODY,
    line: bytes = b"POST /v1/chat/completions HTTP/1.1",
    end: bytes = b"\r\n",
) -> bytes:
    """A call with these fields beside those that every call has."""
    own = [
        line,
        b"Host: gate.example",
        b"Authorization: Bearer @KEY@",
        b"Content-Type: application/json",
        *fields,
    ]
    return end.join(own) + end + end + body


def sized(*fields: bytes, body: bytes = BODY, **parts: bytes) -> bytes:
    """A call that says how long it is."""
    return post(b"Content-Length: %d" % len(body), *fields, body=body, **parts)


def get(target: bytes, *fields: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """A question for the list of models, or for something else."""
    return post(*fields, body=b"", line=b"GET %b %b" % (target, version))


def chunked(body: bytes, *fields: bytes) -> bytes:
    """A call whose body comes in these chunks."""
    return post(b"Transfer-Encoding: chunked", *fields, body=body)


CHUNKS: Final = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
_MALFORMED = "http_malformed"

CASES: Final = (
    Case("plain", sized()),
    Case("plain, chunked", chunked(CHUNKS)),
    # Fields that come twice.
    Case("two hosts", sized(b"Host: other.example"), "header_twice"),
    Case("two hosts alike", sized(b"Host: gate.example"), "header_twice"),
    Case("two authorizations", sized(b"Authorization: Bearer x"), "header_twice"),
    Case("two authorizations, in other case", sized(b"aUTHORIZATION: Bearer x"), "header_twice"),
    Case("two vendor keys", sized(b"x-api-key: a", b"X-Api-Key: b"), "header_twice"),
    Case("two media types", sized(b"Content-Type: text/plain"), "header_twice"),
    # Names that others take for one another.
    Case("underscore", sized(b"X_Gatebook_Key: x"), "header_refused", tidied=True),
    Case(
        "underscore in a forwarded address",
        sized(b"X_Forwarded_For: 1.2.3.4"),
        "header_refused",
        tidied=True,
    ),
    Case("space before the colon", sized(b"X-Ok : 1"), _MALFORMED),
    Case("space in a name", sized(b"X Ok: 1"), _MALFORMED),
    Case("tab before the colon", sized(b"X-Ok\t: 1"), _MALFORMED),
    Case("no name", sized(b": 1"), _MALFORMED),
    Case("no colon", sized(b"X-Ok"), _MALFORMED, tidied=True),
    Case("bracket in a name", sized(b"X[Ok]: 1"), _MALFORMED, tidied=True),
    Case("name beyond ASCII", sized(b"X-\xc3\xb6k: 1"), _MALFORMED, tidied=True),
    # Values.
    Case("NUL in a value", sized(b"X-Ok: a\x00b"), _MALFORMED),
    Case("carriage return in a value", sized(b"X-Ok: a\rb"), _MALFORMED),
    Case("control in a value", sized(b"X-Ok: a\x01b"), _MALFORMED),
    Case("folded with a space", sized(b"X-Ok: 1\r\n folded"), _MALFORMED),
    Case("folded with a tab", sized(b"X-Ok: 1\r\n\tfolded"), _MALFORMED),
    Case("folded first field", b"GET /v1/models HTTP/1.1\r\n Host: x\r\n\r\n", _MALFORMED),
    # Where the body ends.
    Case("length and chunks", chunked(CHUNKS, b"Content-Length: 4"), _MALFORMED),
    Case("chunks and length", sized(b"Transfer-Encoding: chunked", body=CHUNKS), _MALFORMED),
    Case("two lengths", sized(b"Content-Length: 5"), _MALFORMED),
    Case("two lengths alike", sized(b"Content-Length: 32"), _MALFORMED),
    Case("two lengths in one field", post(b"Content-Length: 32, 32"), _MALFORMED),
    Case("length with a plus", post(b"Content-Length: +32"), _MALFORMED),
    Case("negative length", post(b"Content-Length: -1"), _MALFORMED),
    Case("hexadecimal length", post(b"Content-Length: 0x20"), _MALFORMED),
    Case("length beyond 64 bits", post(b"Content-Length: 18446744073709551648"), _MALFORMED),
    Case("length with zeros before it", post(b"Content-Length: 0000000032")),
    Case(
        "length of 5,000 digits",
        post(b"Content-Length: " + b"0" * 5000 + b"32"),
        "length_refused",
        tidied=True,
    ),
    Case("empty length", post(b"Content-Length: "), _MALFORMED),
    Case("another coding", post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS), _MALFORMED),
    Case("coding with a quirk", post(b"Transfer-Encoding: xchunked", body=CHUNKS), _MALFORMED),
    Case("identity", post(b"Transfer-Encoding: identity", body=CHUNKS), _MALFORMED),
    Case("coding twice", chunked(CHUNKS, b"Transfer-Encoding: chunked"), _MALFORMED),
    Case("coding after a tab", post(b"Transfer-Encoding:\tchunked", body=CHUNKS)),
    Case(
        "coding after vertical tab", post(b"Transfer-Encoding:\x0bchunked", body=CHUNKS), _MALFORMED
    ),
    Case("chunks in HTTP/1.0", chunked(CHUNKS).replace(b"HTTP/1.1", b"HTTP/1.0"), _MALFORMED),
    # Chunks.
    Case("chunk extension", chunked(CHUNKS.replace(b"20\r", b"20;a=b\r", 1))),
    Case("quoted chunk extension", chunked(CHUNKS.replace(b"20\r", b'20;a="b;\\"c"\r', 1))),
    Case(
        "line feed in a chunk extension",
        chunked(CHUNKS.replace(b"20\r", b"20;\n\r", 1)),
        _MALFORMED,
    ),
    Case("chunk size with a minus", chunked(b"-20" + CHUNKS[2:]), _MALFORMED),
    Case("chunk size with 0x", chunked(b"0x20" + CHUNKS[2:]), _MALFORMED),
    Case("chunk size with underscores", chunked(b"2_0" + CHUNKS[2:]), _MALFORMED),
    Case("chunk size after a space", chunked(b" 20" + CHUNKS[2:]), _MALFORMED),
    Case("chunk size beyond 64 bits", chunked(b"10000000000000020" + CHUNKS[2:]), _MALFORMED),
    Case("chunk longer than it says", chunked(b"1f" + CHUNKS[2:]), _MALFORMED),
    Case(
        "chunks with bare line feeds",
        chunked(CHUNKS.replace(b"\r\n", b"\n")),
        _MALFORMED,
        tidied=True,
    ),
    Case(
        "trailer",
        chunked(CHUNKS[:-2] + b"Authorization: Bearer x\r\n\r\n"),
        "trailer_refused",
        tidied=True,
    ),
    # Lines.
    Case("bare line feeds", sized(end=b"\n"), _MALFORMED, tidied=True),
    Case("bare carriage returns", sized(end=b"\r"), _MALFORMED),
    Case("empty lines before", b"\r\n\r\n" + sized()),
    Case("space before the method", b" " + sized(), _MALFORMED),
    Case("two spaces in the first line", get(b" /v1/models")),
    Case("tab in the first line", post(body=b"", line=b"GET\t/v1/models\tHTTP/1.1"), _MALFORMED),
    Case("something after the version", get(b"/v1/models", version=b"HTTP/1.1 x"), _MALFORMED),
    Case("method in lower case", post(body=b"", line=b"get /v1/models HTTP/1.1"), _MALFORMED),
    # Versions and protocols.
    Case("HTTP/0.9", b"GET /v1/models\r\n\r\n", "host_missing"),
    Case("HTTP/0.9 with its name", get(b"/v1/models", version=b"HTTP/0.9"), _MALFORMED),
    Case("HTTP/1.0", get(b"/v1/models", version=b"HTTP/1.0")),
    Case("HTTP/1.2", get(b"/v1/models", version=b"HTTP/1.2"), _MALFORMED, tidied=True),
    Case("HTTP/2.0 by name", get(b"/v1/models", version=b"HTTP/2.0"), _MALFORMED),
    Case("HTTP/2 with prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _MALFORMED),
    Case(
        "offer of HTTP/2",
        sized(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    ),
    Case("offer of a web socket", sized(b"Connection: Upgrade", b"Upgrade: websocket")),
    Case("PROXY protocol", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + sized(), _MALFORMED),
    Case("PROXY protocol 2", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + sized(), _MALFORMED),
    Case(
        "TLS in TLS, or none expected", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", _MALFORMED
    ),
    Case("CONNECT", b"CONNECT gate.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "method_refused"),
    Case("CONNECT to a path", b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", "method_refused"),
    Case("TRACE", post(body=b"", line=b"TRACE /v1/models HTTP/1.1"), "method_not_allowed"),
    # Targets.
    Case("absolute form", get(b"http://gate.example/v1/models"), "target_refused", tidied=True),
    Case(
        "absolute form of elsewhere",
        get(b"http://other.example/v1/models"),
        "target_refused",
        tidied=True,
    ),
    Case("asterisk", post(body=b"", line=b"OPTIONS * HTTP/1.1"), "target_refused"),
    Case("authority form", get(b"gate.example"), _MALFORMED),
    Case("network path", get(b"//gate.example/v1/models"), "target_refused"),
    Case("double slash", get(b"/v1//models"), "target_refused"),
    Case("dot", get(b"/v1/./models"), "target_refused"),
    Case("two dots", get(b"/v1/x/../models"), "target_refused"),
    Case("encoded dot", get(b"/v1/%2e/models"), "target_refused"),
    Case("encoded dots", get(b"/v1/x/%2E%2e/models"), "target_refused"),
    Case("encoded slash", get(b"/v1%2fmodels"), "target_refused"),
    Case("encoded backslash", get(b"/v1%5cmodels"), "target_refused"),
    Case("backslash", get(b"/v1\\models"), "target_refused"),
    Case("encoded NUL", get(b"/v1/models%00"), "target_refused"),
    Case("encoded line end", get(b"/v1/models%0d%0aX-Ok:%201"), "target_refused"),
    Case("encoded twice", get(b"/v1%252fmodels"), "target_refused"),
    Case("half an encoding", get(b"/v1/models%2"), "target_refused"),
    Case("no encoding", get(b"/v1/models%u002e"), "target_refused"),
    Case("fragment", get(b"/v1/models#x"), "target_refused"),
    Case("beyond ASCII", get(b"/v1/mod\xc3\xa9ls"), _MALFORMED),
    Case("path parameter", get(b"/v1/models;x=y"), "unknown_url"),
    Case("slash at the end", get(b"/v1/models/"), "unknown_url"),
    Case("other case", get(b"/V1/Models"), "unknown_url"),
    Case("host missing", b"GET /v1/models HTTP/1.1\r\n\r\n", "host_missing"),
)
