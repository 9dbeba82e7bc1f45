"""Moderations: texts and images, and nothing that would pass unread."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid
from gatebook.formats import Call
from gatebook.providers.openai import MODERATIONS


def asked(**fields: Any) -> Call:
    body = json.dumps(fields).encode()
    return MODERATIONS.format.read(Call(operation=MODERATIONS, path=MODERATIONS.path, body=body))


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def test_a_call_that_names_no_model_is_one_of_the_model_that_answers() -> None:
    assert asked(input="x").model == "omni-moderation-latest"
    assert asked(input="x", model="text-moderation-stable").model == "text-moderation-stable"
    assert asked(input="x").max_tokens == 0


@pytest.mark.parametrize(
    ("given", "fetched"),
    [
        ("http://example.com", ()),
        (["a", "b"], ()),
        ([], ()),
        ([{"type": "text", "text": "x"}], ()),
        ([image("data:image/png;base64,AA")], ()),
        ([{"type": "text", "text": "x"}, image("https://a.example/a.png")], ("fetch:a.example",)),
    ],
)
def test_images_that_are_not_in_the_body_are_seen(given: Any, fetched: tuple[str, ...]) -> None:
    assert asked(input=given).hosted_tools == fetched


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_value"),
        ({"input": 3}, "invalid_value"),
        ({"input": ["a", {"type": "text"}]}, "invalid_value"),
        ({"input": {"type": "text"}}, "invalid_value"),
        ({"input": "x", "messages": []}, "unknown_member"),
        ({"input": "x", "user": "y"}, "unknown_member"),
        ({"input": [{"type": "brand_new"}]}, "unknown_kind"),
        ({"input": [{"type": "image_url"}]}, "invalid_url"),
        ({"input": [{"type": "text", "Type": "image_url"}]}, "json_member_case"),
    ],
)
def test_what_is_of_no_known_shape_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        asked(**fields)
    assert caught.value.code == code
