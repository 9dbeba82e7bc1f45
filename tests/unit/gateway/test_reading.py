"""Where a call goes, whose it is and what goes along with it; nothing is guessed."""

from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Invalid, NotFound
from gatebook.formats import Call
from gatebook.gateway.reading import Routes, credential_of, read_call
from gatebook.identity.identify import KeyRejected
from gatebook.providers import anthropic, azure, bedrock, gemini, openai
from gatebook.web.exchange import Exchange

JSON = {b"content-type": b"application/json"}
DIALECTS: list[Any] = [
    openai,
    anthropic,
    azure,
    bedrock,
    gemini,
]  # modules, as the registry finds them
ROUTES = Routes(DIALECTS)


class HandConnection:
    """A peer whose body has come."""

    fault = None


def exchange(
    method: str, path: bytes, headers: dict[bytes, bytes], query: bytes = b"", body: bytes = b""
) -> Exchange:
    """A request that has come."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: MutableMapping[str, Any]) -> None:
        raise AssertionError("nothing is answered here")

    scope = {
        "method": method,
        "raw_path": path,
        "query_string": query,
        "headers": list(headers.items()),
        "state": {"connection": HandConnection(), "cycle": None},
    }
    return Exchange(scope, receive, send)


async def chat(headers: dict[bytes, bytes], query: bytes = b"") -> Call:
    asked = exchange("POST", b"/v1/chat/completions", headers, query, b'{"model":"gpt-4o"}')
    dialect, operation, _ = ROUTES.find(asked)
    return await read_call(asked, dialect, operation, 1000, is_known=True)


async def refusal(headers: dict[bytes, bytes], query: bytes = b"") -> str:
    with pytest.raises(Invalid) as caught:
        await chat(headers, query)
    return caught.value.code


@pytest.mark.parametrize(
    ("path", "marked", "name"),
    [
        (b"/v1/chat/completions", False, "openai"),
        (b"/v1/chat/completions", True, "openai"),
        (b"/v1/messages", False, "anthropic"),
        (b"/v1/messages", True, "anthropic"),
        (b"/v1/models", False, "openai"),
        (b"/v1/models", True, "anthropic"),
        (b"/v1/elsewhere", False, "openai"),
        (b"/v1/elsewhere", True, "anthropic"),
    ],
)
def test_of_two_dialects_on_one_path_the_one_is_meant_whose_mark_was_sent(
    path: bytes, marked: bool, name: str
) -> None:
    headers = {b"anthropic-version": b"2023-06-01"} if marked else {}
    assert name == ROUTES.dialect(exchange("GET", path, headers)).NAME


@pytest.mark.parametrize("path", [b"/v1/models", b"/v1/models/a", b"/v1/nothing"])
def test_a_key_in_the_query_is_googles_mark(path: bytes) -> None:
    assert ROUTES.dialect(exchange("GET", path, {}, b"key=gb_x")).NAME == "gemini"
    assert ROUTES.dialect(exchange("GET", path, {}, b"limit=1")).NAME != "gemini"
    mark = {b"anthropic-version": b"2023-06-01"}
    assert ROUTES.dialect(exchange("GET", path, mark, b"key=gb_x")).NAME == "anthropic"


@pytest.mark.parametrize(
    ("method", "path", "headers", "dialect", "operation"),
    [
        ("GET", b"/v1/models", {b"x-goog-api-key": b"k"}, "gemini", "models"),
        ("GET", b"/v1/models", {}, "openai", "models"),
        ("GET", b"/v1beta/models", {}, "gemini", "models"),
        ("GET", b"/v1/models/gemini-a", {b"x-goog-api-key": b"k"}, "gemini", "models.retrieve"),
        ("POST", b"/v1/chat/completions", {b"x-goog-api-key": b"k"}, "openai", "chat.completions"),
        ("POST", b"/v1/models/a:generateContent", {}, "gemini", "generateContent"),
        ("POST", b"/v1/models/a:batchGenerateContent", {}, "gemini", "batchGenerateContent"),
        ("DELETE", b"/v1beta/files/a", {}, "gemini", "files"),
        ("GET", b"/v1beta/dynamic/a", {}, "gemini", "v1beta"),
        ("GET", b"/v1/files", {b"x-goog-api-key": b"k"}, "gemini", "files"),
        ("GET", b"/v1/files", {}, "openai", "files"),
        ("GET", b"/v1beta/cachedContents", {}, "gemini", "cachedContents"),
        ("PATCH", b"/v1beta/cachedContents/a", {}, "gemini", "cachedContents"),
    ],
)
def test_the_first_pattern_that_fits_is_meant_and_a_closed_one_by_any_method(
    method: str, path: bytes, headers: dict[bytes, bytes], dialect: str, operation: str
) -> None:
    meant, found, _ = ROUTES.find(exchange(method, path, headers))
    assert (meant.NAME, found.name) == (dialect, operation)


def test_a_path_or_a_method_that_nobody_serves_is_refused() -> None:
    with pytest.raises(NotFound):
        ROUTES.find(exchange("GET", b"/v1/elsewhere", {}))
    asked = exchange("DELETE", b"/v1/models", {})
    with pytest.raises(Invalid, match="not allowed"):
        ROUTES.find(asked)
    assert [*ROUTES.methods(asked)] == ["GET"]


@pytest.mark.parametrize(
    ("method", "path", "marked", "name"),
    [
        ("GET", b"/v1/models/gpt-4o", False, "openai:models.retrieve:gpt-4o"),
        ("GET", b"/v1/models/claude-x", True, "anthropic:models.retrieve:claude-x"),
        ("POST", b"/v1/files", False, "openai:files:"),
        ("POST", b"/v1/files", True, "anthropic:files:"),
        ("PATCH", b"/v1/files/a/b", False, "openai:files:"),
        ("GET", b"/v1/responses/resp_1", False, "openai:responses:"),
        ("POST", b"/v1/responses", False, "openai:responses:"),
        ("POST", b"/v1/images/generations", False, "openai:images.generations:"),
        ("POST", b"/v1/images/edits", False, "openai:images:"),
        ("POST", b"/openai/deployments/d/chat/completions", False, "azure:chat.completions:d"),
        ("POST", b"/openai/deployments/d/audio/speech", False, "azure:audio:d"),
        ("GET", b"/openai/deployments", False, "azure:deployments:"),
        ("POST", b"/openai/v1/responses", False, "azure:responses:"),
        ("GET", b"/openai/v1/files/a", False, "azure:files:"),
    ],
)
def test_the_address_that_says_most_is_meant(
    method: str, path: bytes, marked: bool, name: str
) -> None:
    headers = {b"anthropic-version": b"2023-06-01"} if marked else {}
    dialect, operation, model = ROUTES.find(exchange(method, path, headers))
    assert f"{dialect.NAME}:{operation.name}:{model}" == name


@pytest.mark.parametrize("path", [b"/v1/files/", b"/v1/filesystem", b"/v1", b"/openai/v1/"])
def test_what_only_begins_alike_is_nothing(path: bytes) -> None:
    with pytest.raises(NotFound):
        ROUTES.find(exchange("GET", path, {}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"content-type": b"text/plain"},
        {b"content-type": b"application/x-www-form-urlencoded"},
        {**JSON, b"content-encoding": b"gzip"},
    ],
)
async def test_a_body_that_is_not_plain_json_is_not_looked_into(
    headers: dict[bytes, bytes],
) -> None:
    assert await refusal(headers) == "media_type_not_supported"


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (b"/m/gpt-4o/ask", "gpt-4o"),
        (b"/m/a.b-v1%3A0/ask", "a.b-v1:0"),
        (b"/m/a.b-v1%3a0/ask", "a.b-v1:0"),
        (b"/m/a/b/ask", None),
        (b"/m/a%2Fb/ask", None),
        (b"/m/a%2e%2e/ask", None),
        (b"/m/a%00/ask", None),
        (b"/m//ask", None),
        (b"/m/gpt-4o/ask/", None),
        (b"/m/gpt-4o", None),
        (b"/m/gpt-4o/askmore", None),
        (b"/x/m/gpt-4o/ask", None),
    ],
)
def test_a_path_may_name_the_model_and_nothing_is_encoded_in_it_but_a_colon(
    path: bytes, model: str | None
) -> None:
    operation = replace(openai.CHAT, path="/m/{model}/ask")
    vendor = SimpleNamespace(NAME="v", MARK=b"", OPERATIONS=[operation])
    routes = Routes([vendor])  # type: ignore[list-item]  # a module, as the registry finds it
    asked = exchange("POST", path, {})
    if model is None:
        with pytest.raises(NotFound):
            routes.find(asked)
    else:
        assert routes.find(asked)[1:] == (operation, model)


async def test_only_listed_headers_go_along_and_no_credential_is_among_them() -> None:
    headers = {
        **JSON,
        b"openai-organization": b"org-1",
        b"openai-project": b"proj-1",
        b"idempotency-key": b"k1",
        b"traceparent": b"00-a-b-01",
        b"authorization": b"Bearer gbk",
        b"x-api-key": b"gbk",
        b"x-gatebook-key": b"gbk",
        b"cookie": b"a=b",
        b"x-forwarded-for": b"10.0.0.1",
    }
    assert dict((await chat(headers)).headers) == {
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj-1",
        "Idempotency-Key": "k1",
        "traceparent": "00-a-b-01",
    }


async def test_a_header_that_could_break_its_line_is_refused() -> None:
    assert await refusal({**JSON, b"traceparent": b"a\xffb"}) == "header_refused"


@pytest.mark.parametrize("query", [b"x=1", b"key=secret", b"beta=true", b"=", b"&"])
async def test_a_query_that_nobody_has_looked_at_is_refused(query: bytes) -> None:
    assert await refusal(JSON, query) == "query_refused"


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        (b"", True),
        (b"beta=true", True),
        (b"limit=2&after_id=claude-a", True),
        (b"limit=2&key=secret", False),
        (b"%6ceta=true", False),
        (b"limit=2;key=secret", False),
        (b"limit=2&", False),
    ],
)
async def test_a_query_that_an_operation_knows_passes_as_it_is(query: bytes, taken: bool) -> None:
    asked = exchange("GET", b"/v1/models", {b"anthropic-version": b"2023-06-01"}, query)
    dialect, operation, _ = ROUTES.find(asked)
    if taken:
        call = await read_call(asked, dialect, operation, 1000, is_known=True)
        assert call.query == query.decode()
        return
    with pytest.raises(Invalid):
        await read_call(asked, dialect, operation, 1000, is_known=True)


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer k"},
        {b"authorization": b"bearer  k "},
        {b"x-api-key": b"k"},
        {b"api-key": b"k"},
        {b"x-goog-api-key": b"k"},
        {b"x-gatebook-key": b"k"},
        {b"authorization": b"Bearer k", b"x-api-key": b"k"},
    ],
)
def test_every_place_is_looked_at(headers: dict[bytes, bytes]) -> None:
    assert credential_of(exchange("POST", b"/", headers)) == "k"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"Basic a2V5"},
        {b"authorization": b"Bearer a", b"x-api-key": b"b"},
        {b"authorization": b"Basic a2V5", b"x-api-key": b"k"},
        {b"x-gatebook-key": b"a", b"api-key": b"b"},
    ],
)
def test_none_and_two_that_differ_are_turned_away(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(KeyRejected):
        credential_of(exchange("POST", b"/", headers))


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({}, b"key=k", "k"),
        ({}, b"alt=sse&key=k", "k"),
        ({b"x-goog-api-key": b"k"}, b"key=k", "k"),
        ({b"x-goog-api-key": b"k"}, b"key=l", ""),
        ({b"authorization": b"Bearer k"}, b"key=l", ""),
        ({}, b"key=k&key=l", ""),
        ({b"x-goog-api-key": b"k"}, b"key=", ""),
        ({b"x-goog-api-key": b"k"}, b"key", ""),
        ({}, b"Key=k", ""),
        ({}, b"%6bey=k", ""),
    ],
)
def test_a_key_may_stand_in_the_query_and_is_one_credential_as_any(
    headers: dict[bytes, bytes], query: bytes, key: str
) -> None:
    asked = exchange("POST", b"/", headers, query)
    if key:
        assert credential_of(asked) == key
    else:
        with pytest.raises(KeyRejected):
            credential_of(asked)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"key=k", ""),
        (b"key=k&alt=sse", "alt=sse"),
        (b"alt=sse&key=k", "alt=sse"),
        (b"alt=sse;key=k", None),
        (b"alt=sse&Key=k", None),
        (b"alt=sse&%6bey=k", None),
        (b"alt=sse&fields=key", None),
    ],
)
async def test_a_key_in_the_query_never_goes_on(query: bytes, left: str | None) -> None:
    verb = b"streamGenerateContent" if b"alt" in query else b"generateContent"
    asked = exchange("POST", b"/v1beta/models/a:" + verb, JSON, query, b'{"contents":[]}')
    dialect, operation, model = ROUTES.find(asked)
    if left is None:
        with pytest.raises(Invalid):
            await read_call(asked, dialect, operation, 1000, model=model, is_known=True)
    else:
        call = await read_call(asked, dialect, operation, 1000, model=model, is_known=True)
        assert (call.query, call.path) == (left, f"/v1beta/models/a:{verb.decode()}")


@pytest.mark.parametrize("query", [b"", b"uploadType=resumable", b"key=k&x=1"])
async def test_a_closed_operation_is_named_whatever_is_asked_of_it(query: bytes) -> None:
    asked = exchange("POST", b"/upload/v1beta/files", {}, query, b"text")
    dialect, operation, _ = ROUTES.find(asked)
    with pytest.raises(Invalid, match="belongs to its whole account"):
        await read_call(asked, dialect, operation, 1000, is_known=True)


@pytest.mark.parametrize("scheme", [b"AWS4-HMAC-SHA256", b"AWS4-ECDSA-P256-SHA256"])
def test_a_signature_identifies_nobody_and_the_hint_says_what_does(scheme: bytes) -> None:
    signed = {
        b"authorization": scheme + b" Credential=AKIA/20260101/us-east-1/bedrock/aws4_request"
    }
    with pytest.raises(KeyRejected, match="AWS_BEARER_TOKEN_BEDROCK") as caught:
        credential_of(exchange("POST", b"/model/a/converse", signed))
    assert caught.value.cause == "signed"
