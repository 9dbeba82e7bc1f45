"""Images are made from a text that can be read, and come whole."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid
from gatebook.formats import Call, Usage
from gatebook.providers.openai import IMAGES


def asked(**fields: Any) -> Call:
    body = json.dumps({"model": "gpt-image-2", **fields}).encode()
    return IMAGES.format.read(Call(operation=IMAGES, path=IMAGES.path, body=body))


def test_as_many_images_as_are_asked_for_are_known() -> None:
    call = asked(prompt="a cat", n=3, size="1024x1024", quality="high", stream=False)
    assert (call.model, call.choices, call.max_tokens) == ("gpt-image-2", 3, None)
    assert asked(prompt="a cat", n=None).choices == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_value"),
        ({"prompt": ["a cat"]}, "invalid_value"),
        ({"prompt": "a cat", "n": 0}, "invalid_value"),
        ({"prompt": "a cat", "model": None}, "invalid_model"),
        ({"prompt": "a cat", "stream": True}, "stream_refused"),
        ({"prompt": "a cat", "svg": {"model": "gpt-4o"}}, "unknown_member"),
        ({"prompt": "a cat", "images": ["https://example.com"]}, "unknown_member"),
        ({"prompt": "a cat", "image": "file-1"}, "unknown_member"),
        ({"prompt": "a cat", "Prompt": "a dog"}, "json_member_case"),
    ],
)
def test_what_is_of_no_known_shape_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        asked(**fields)
    assert caught.value.code == code


def test_tokens_are_what_the_provider_reported() -> None:
    body = b'{"data":[],"usage":{"input_tokens":3,"output_tokens":7,"total_tokens":10}}'
    assert IMAGES.format.usage(body) == Usage(3, 7)
