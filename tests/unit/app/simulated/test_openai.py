"""Numbers, judgements and pictures of the simulated provider validate as the vendor's own."""

import struct
from base64 import b64decode
from typing import Any

import msgspec
import pytest
from openai.types import CreateEmbeddingResponse, ImagesResponse, ModerationCreateResponse

from gatebook.app.simulated.openai import (
    Embedded,
    Judged,
    Maker,
    Pictured,
    embeddings,
    images,
    moderation,
)
from gatebook.core.ids import system_entropy
from tests.published import published
from tests.simulators.clock import SetClock

MAKER = Maker(SetClock(), system_entropy, "some words", b"x" * 40)


@pytest.mark.parametrize(
    ("given", "count"), [("a", 1), (["a", "b"], 2), ([1, 2], 1), ([[1], [2]], 2)]
)
def test_embeddings_validate(given: Any, count: int) -> None:
    made = embeddings(Embedded(model="m", input=given, dimensions=3), MAKER)
    said = published(CreateEmbeddingResponse, msgspec.json.encode(made))
    assert [len(each.embedding) for each in said.data] == [3] * count


def test_the_package_asks_for_numbers_in_base64() -> None:
    made = embeddings(Embedded(model="m", input="a", encoding_format="base64"), MAKER)
    numbers = struct.unpack("<4f", b64decode(made["data"][0]["embedding"]))
    assert numbers[0] == 0.5


@pytest.mark.parametrize(
    ("given", "count"), [("a", 1), (["a", "b"], 2), ([{"type": "text", "text": "a"}], 1)]
)
def test_a_moderation_validates(given: Any, count: int) -> None:
    made = moderation(Judged(input=given), MAKER)
    said = published(ModerationCreateResponse, msgspec.json.encode(made))
    assert [result.flagged for result in said.results] == [False] * count


def test_images_validate() -> None:
    made = images(Pictured(model="m", prompt="a cat", n=2), MAKER)
    said = published(ImagesResponse, msgspec.json.encode(made))
    assert said.data is not None
    assert [bool(each.b64_json) for each in said.data] == [True, True]
