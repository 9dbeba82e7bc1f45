"""What else the unmodified `openai` package asks for: numbers, judgements, pictures, text."""

from collections.abc import Callable, Iterator

import openai
import pytest
from openai import OpenAI

from tests.gates import RunningGate


@pytest.fixture
def client(sqlite_gate: RunningGate) -> Iterator[OpenAI]:
    """The package as its documentation sets it up."""
    with OpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


def test_each_is_served_and_recorded_under_its_name(
    client: OpenAI, sqlite_gate: RunningGate
) -> None:
    embedded = client.embeddings.create(model="gpt-embedding", input=["a", "b"])
    assert [len(each.embedding) for each in embedded.data] == [4, 4]
    raw = client.embeddings.create(model="gpt-embedding", input=[1, 2], encoding_format="float")
    assert raw.data[0].embedding[0] == 0.5
    judged = client.moderations.create(model="gpt-judge", input="a")
    assert not judged.results[0].flagged
    drawn = client.images.generate(model="gpt-image-2", prompt="a cat", n=2)
    assert drawn.data is not None
    assert len(drawn.data) == 2
    completed = client.completions.create(model="gpt-instruct", prompt="a")
    assert completed.choices[0].text.startswith("This answer")
    counted = client.responses.input_tokens.count(model="gpt-4o", input="hi")
    assert counted.input_tokens > 0
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    assert [fact["operation"] for fact in sqlite_gate.facts("call.intended")] == [
        "embeddings",
        "embeddings",
        "moderations",
        "images.generations",
        "completions",
        "responses.input_tokens",
        "models.retrieve",
    ]
    outcomes = sqlite_gate.facts("call.concluded")
    assert [fact["ending"] for fact in outcomes] == ["complete"] * 7
    assert outcomes[0]["tokens_in"] > 0
    assert outcomes[3]["tokens_out"] == 2


def test_text_is_streamed_and_its_usage_kept_from_who_did_not_ask(
    client: OpenAI, sqlite_gate: RunningGate
) -> None:
    chunks = list(client.completions.create(model="gpt-instruct", prompt="a", stream=True))
    assert "".join([chunk.choices[0].text for chunk in chunks]).startswith("This answer")
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert outcome["tokens_out"] > 0


@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("o4-mini", openai.PermissionDeniedError, "model_not_allowed"),
        ("no such model", openai.BadRequestError, "invalid_model"),
    ],
)
def test_refusals(
    client: OpenAI,
    sqlite_gate: RunningGate,
    model: str,
    kind: type[openai.APIStatusError],
    code: str,
) -> None:
    asks: list[Callable[[], object]] = [
        lambda: client.embeddings.create(model=model, input="a"),
        lambda: client.moderations.create(model=model, input="a"),
        lambda: client.images.generate(model=model, prompt="a"),
        lambda: client.completions.create(model=model, prompt="a"),
    ]
    for ask in asks:
        with pytest.raises(kind) as caught:
            ask()
        assert caught.value.code == code
    assert sqlite_gate.requests == len(asks)
    assert sqlite_gate.provider.seen == []


def test_a_body_that_would_pass_unread_is_refused(client: OpenAI, sqlite_gate: RunningGate) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="gpt-embedding", input="a", extra_body={"messages": []})
    assert caught.value.code == "unknown_member"
    assert sqlite_gate.provider.seen == []
