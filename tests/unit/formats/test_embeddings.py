"""Embeddings: what is to be embedded stands where it is looked for, or the call is refused."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Terms, Usage
from gatebook.providers.openai import EMBEDDINGS


def asked(**fields: Any) -> Call:
    body = json.dumps({"model": "text-embedding-3-small", **fields}).encode()
    return EMBEDDINGS.format.read(Call(operation=EMBEDDINGS, path=EMBEDDINGS.path, body=body))


@pytest.mark.parametrize("given", ["hi", ["hi", "ho"], [1, 2, 3], [[1, 2], [3]]])
def test_texts_and_tokens_are_taken_and_the_body_passes_as_it_came(given: Any) -> None:
    call = asked(input=given, dimensions=256, encoding_format="base64", user="u", later=None)
    assert (call.model, call.max_tokens, call.streamed) == ("text-embedding-3-small", 0, False)
    assert json.loads(call.body)["input"] == given
    assert EMBEDDINGS.format.fitted(call, Terms(max_tokens=1)) is call


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_value"),
        ({"input": None}, "invalid_value"),
        ({"input": {"text": "hi"}}, "invalid_value"),
        ({"input": [{"text": "hi"}]}, "invalid_value"),
        ({"input": ""}, "input_missing"),
        ({"input": []}, "input_missing"),
        ({"messages": []}, "unknown_member"),
        ({"input": "hi", "messages": []}, "unknown_member"),
        ({"input": "hi", "messages": [{"role": "user", "content": "x"}]}, "unknown_member"),
        ({"input": "hi", "texts": {"a": "b"}}, "unknown_member"),
        ({"input": "hi", "instruction": "x" * 100}, "unknown_member"),
        ({"input": "hi", "canary": "sk-canary-0123456789"}, "unknown_member"),
        ({"input": "hi", "Input": "ho"}, "json_member_case"),
        ({"input": "hi", "model": "a b"}, "invalid_model"),
    ],
)
def test_what_could_hold_a_text_that_nobody_reads_is_refused(
    fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        asked(**fields)
    assert caught.value.code == code


def test_tokens_are_what_the_provider_reported() -> None:
    assert EMBEDDINGS.format.usage(b'{"usage":{"prompt_tokens":3,"total_tokens":3}}') == Usage(3)
    assert EMBEDDINGS.format.usage(b"{}") == Usage()
    with pytest.raises(Unavailable):
        EMBEDDINGS.format.usage(b"[]")
