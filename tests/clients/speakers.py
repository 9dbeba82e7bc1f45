"""Every dialect, spoken to a running gate by the unmodified package that its agents use.

Each package is set up as its documentation says; what it raises is told in words that can be
compared, once the error is seen to have the shape that the vendor's have.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any, ClassVar, NamedTuple

import anthropic
import boto3
import httpx2
import openai
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from google.genai import Client, errors, types

from tests.clients.test_boto3 import HAIKU, Tls

MOST = 50
"""Output tokens that every call asks for."""


class Told(NamedTuple):
    """An error as an agent has it."""

    status: int
    raised: str
    """The class that the package raises."""
    said: str
    """What the vendor calls it."""
    code: str
    """What we call it."""
    headers: Mapping[str, str] = {}


class Speaker:
    """A dialect and its package; `key` is None for a package that was given none."""

    family: ClassVar[str]
    """Whose errors it has."""
    model: ClassVar[str]
    """A model it may ask for."""

    def __init__(self, tls: Tls, key: str | None) -> None:
        self.root = tls.gate.base_url.removesuffix("/v1")
        self.ca = tls.ca
        self.key = key
        self.opened = ExitStack()
        self.open()

    def open(self) -> None:
        """Make the client; closed by `opened`."""
        raise NotImplementedError

    def whole(self, model: str, text: str = "hi") -> Any:
        """A whole answer."""
        raise NotImplementedError

    def stream(self, model: str, text: str = "hi") -> Iterator[Any]:
        """The events of a streamed answer."""
        raise NotImplementedError

    def ended(self, event: Any) -> str:
        """By what the last event of a stream says that it ended."""
        raise NotImplementedError

    def unserved(self) -> object:
        """Ask for something of the vendor that is known and not served."""
        raise NotImplementedError

    def unknown(self) -> object:
        """Ask at an address that nobody knows."""
        raise NotImplementedError

    def told(self, error: Exception) -> Told:
        """What was raised."""
        raise NotImplementedError


def _without(name: str) -> dict[str, Any]:
    """How an HTTP client leaves out the header that carries a key, for packages that cannot."""

    def drop(request: httpx2.Request) -> None:
        del request.headers[name]

    return {"event_hooks": {"request": [drop]}}


class Chat(Speaker):
    """OpenAI's chat completions."""

    family = "openai"
    model = "gpt-4o"
    client: openai.OpenAI

    def open(self) -> None:
        """See Speaker."""
        http = httpx2.Client(**_without("authorization")) if self.key is None else None
        self.client = self.opened.enter_context(
            openai.OpenAI(base_url=f"{self.root}/v1", api_key=self.key or "none", http_client=http)
        )

    def whole(self, model: str, text: str = "hi") -> Any:
        """See Speaker."""
        return self._ask(model, text, stream=False)

    def stream(self, model: str, text: str = "hi") -> Iterator[Any]:
        """See Speaker."""
        yield from self._ask(model, text, stream=True)

    def _ask(self, model: str, text: str, *, stream: bool) -> Any:
        return self.client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            max_tokens=MOST,
            stream=stream,
        )

    def ended(self, event: Any) -> str:
        """See Speaker."""
        return str(event.choices[0].finish_reason)

    def unserved(self) -> object:
        """See Speaker."""
        return self.client.files.list()

    def unknown(self) -> object:
        """See Speaker."""
        return self.client.get("/nowhere", cast_to=object)

    def told(self, error: Exception) -> Told:
        """See Speaker."""
        assert isinstance(error, openai.APIError)
        assert isinstance(error.body, dict)
        assert set(error.body) == {"message", "type", "param", "code"}
        assert error.body["param"] is None
        name, said, code = type(error).__name__, str(error.type), str(error.code)
        if isinstance(error, openai.APIStatusError):
            return Told(error.status_code, name, said, code, error.response.headers)
        return Told(200, name, said, code)


class Responses(Chat):
    """OpenAI's responses."""

    def _ask(self, model: str, text: str, *, stream: bool) -> Any:
        return self.client.responses.create(
            model=model, input=text, max_output_tokens=MOST, stream=stream
        )

    def ended(self, event: Any) -> str:
        """See Speaker."""
        assert event.type == "response.incomplete"
        return str(event.response.incomplete_details.reason)

    def unserved(self) -> object:
        """See Speaker."""
        return self.client.responses.retrieve("resp_1")


class Azure(Chat):
    """OpenAI's chat completions at a deployment."""

    model = "gpt-mine"

    def open(self) -> None:
        """See Speaker."""
        http = httpx2.Client(**_without("api-key")) if self.key is None else None
        self.client = self.opened.enter_context(
            openai.AzureOpenAI(
                azure_endpoint=self.root,
                api_key=self.key or "none",
                api_version="2024-10-21",
                http_client=http,
            )
        )


class Anthropic(Speaker):
    """Anthropic's messages."""

    family = "anthropic"
    model = "claude-haiku-5-5"

    def open(self) -> None:
        """See Speaker."""
        headers: Any = {"X-Api-Key": anthropic.Omit()} if self.key is None else None
        self.client = self.opened.enter_context(
            anthropic.Anthropic(
                base_url=self.root, api_key=self.key or "none", default_headers=headers
            )
        )

    def whole(self, model: str, text: str = "hi") -> Any:
        """See Speaker."""
        return self._ask(model, text, stream=False)

    def stream(self, model: str, text: str = "hi") -> Iterator[Any]:
        """See Speaker."""
        yield from self._ask(model, text, stream=True)

    def _ask(self, model: str, text: str, *, stream: bool) -> Any:
        return self.client.messages.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            max_tokens=MOST,
            stream=stream,
        )

    def ended(self, event: Any) -> str:
        """See Speaker; the last event but one says it."""
        return str(event.delta.stop_reason) if event.type == "message_delta" else ""

    def unserved(self) -> object:
        """See Speaker."""
        return self.client.messages.batches.list()

    def unknown(self) -> object:
        """See Speaker."""
        return self.client.get("/v1/nowhere", cast_to=object)

    def told(self, error: Exception) -> Told:
        """See Speaker."""
        assert isinstance(error, anthropic.APIStatusError)
        assert isinstance(error.body, dict)
        assert set(error.body) == {"type", "error", "request_id"}
        assert error.body["type"] == "error"
        said, code = error.body["error"]["type"], error.body["error"]["code"]
        assert error.body["request_id"] == error.response.headers.get("request-id")
        return Told(error.status_code, type(error).__name__, said, code, error.response.headers)


class Gemini(Speaker):
    """Google's contents."""

    family = "gemini"
    model = "gemini-2.5-flash"

    def open(self) -> None:
        """See Speaker."""
        self.client = self._client()

    def _client(self, version: str | None = None) -> Client:
        hooks = _without("x-goog-api-key") if self.key is None else {}
        options = types.HttpOptions(base_url=self.root, api_version=version, client_args=hooks)
        client = Client(api_key=self.key or "none", http_options=options)
        return self.opened.enter_context(closing(client))

    def whole(self, model: str, text: str = "hi") -> Any:
        """See Speaker."""
        return self.client.models.generate_content(model=model, contents=text, config=self._config)

    def stream(self, model: str, text: str = "hi") -> Iterator[Any]:
        """See Speaker."""
        yield from self.client.models.generate_content_stream(
            model=model, contents=text, config=self._config
        )

    _config = types.GenerateContentConfig(max_output_tokens=MOST)

    def ended(self, event: Any) -> str:
        """See Speaker."""
        return str(event.candidates[0].finish_reason.value)

    def unserved(self) -> object:
        """See Speaker."""
        return list(self.client.files.list())

    def unknown(self) -> object:
        """See Speaker."""
        return self._client("v0").models.generate_content(model=self.model, contents="hi")

    def told(self, error: Exception) -> Told:
        """See Speaker."""
        assert isinstance(error, errors.APIError)
        assert isinstance(error.details, dict)
        said = error.details["error"]
        assert set(said) == {"code", "message", "status", "details"}
        assert said["code"] == error.code
        info = said["details"][0]
        assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
        headers: Mapping[str, str] = {}
        if isinstance(error.response, httpx2.Response):  # not in the middle of a stream
            assert error.response.status_code == error.code
            headers = error.response.headers
        name, code = type(error).__name__, info["reason"].lower()
        return Told(error.code, name, said["status"], code, headers)


class Bedrock(Speaker):
    """Amazon's Converse."""

    family = "bedrock"
    model = HAIKU

    def open(self) -> None:
        """See Speaker; the key has to be in the environment."""
        self.client = self._client(self.root)

    def _client(self, url: str) -> Any:
        options: dict[str, Any] = {} if self.key else {"signature_version": UNSIGNED}
        client = boto3.Session().client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=url,
            verify=str(self.ca),
            config=Config(read_timeout=30, **options),
        )
        return self.opened.enter_context(closing(client))

    def whole(self, model: str, text: str = "hi") -> Any:
        """See Speaker."""
        return self.client.converse(**self._asked(model, text))

    def stream(self, model: str, text: str = "hi") -> Iterator[Any]:
        """See Speaker."""
        with closing(self.client.converse_stream(**self._asked(model, text))["stream"]) as events:
            yield from events

    def _asked(self, model: str, text: str) -> dict[str, Any]:
        return {
            "modelId": model,
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "inferenceConfig": {"maxTokens": MOST},
        }

    def ended(self, event: Any) -> str:
        """See Speaker; the last event but one says it."""
        return str(event.get("messageStop", {}).get("stopReason", ""))

    def unserved(self) -> object:
        """See Speaker."""
        return self.client.list_async_invokes()

    def unknown(self) -> object:
        """See Speaker."""
        return self._client(f"{self.root}/nowhere").converse(**self._asked(self.model, "hi"))

    def told(self, error: Exception) -> Told:
        """See Speaker."""
        assert isinstance(error, ClientError | EventStreamError)
        said, metadata = error.response["Error"], error.response.get("ResponseMetadata", {})
        code = said["Message"].rpartition(" [")[2].removesuffix("]")
        name = "EventStreamError" if isinstance(error, EventStreamError) else "ClientError"
        return Told(
            metadata.get("HTTPStatusCode", 200),
            name,
            said["Code"],
            code,
            metadata.get("HTTPHeaders", {}),
        )


SPEAKERS: dict[str, type[Speaker]] = {
    "chat": Chat,
    "responses": Responses,
    "azure": Azure,
    "anthropic": Anthropic,
    "gemini": Gemini,
    "bedrock": Bedrock,
}
