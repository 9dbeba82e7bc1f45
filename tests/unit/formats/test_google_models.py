"""Of Google's models an agent sees those it may call, and the rest keeps its bytes."""

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Terms, Usage
from gatebook.formats.google_models import GoogleModels
from gatebook.providers.gemini import OPERATIONS

FORMAT = GoogleModels()
LIST, ONE = (
    next(each for each in OPERATIONS if each.name == name) for name in ("models", "models.retrieve")
)


def test_there_is_no_body_and_nothing_to_limit() -> None:
    call = LIST.format.read(Call(operation=LIST, path="/v1/models"))
    assert call.max_tokens == 0
    assert FORMAT.fitted(call, Terms(max_tokens=1)) is call
    assert FORMAT.usage(b'{"models":[]}') == Usage()


def test_one_model_has_a_name_that_a_model_can_have() -> None:
    assert ONE.format.read(Call(operation=ONE, path="/p", model="a")).model == "a"
    with pytest.raises(Invalid):
        ONE.format.read(Call(operation=ONE, path="/p", model=".."))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            b'{"models":[{"name":"models/a", "x":1}, {"name":"models/b"}], "nextPageToken":"t"}',
            b'{"models":[{"name":"models/a", "x":1}], "nextPageToken":"t"}',
        ),
        (b'{"models": [{"name":"models/b"}]}', b'{"models": []}'),
        (b"{}", b"{}"),
        (b'{"nextPageToken":"t"}', b'{"nextPageToken":"t"}'),
        (b'{"name":"models/a", "x":1.50}', b'{"name":"models/a", "x":1.50}'),
    ],
)
def test_an_agent_sees_the_models_it_may_call_and_no_others(body: bytes, shown: bytes) -> None:
    assert FORMAT.delivered(body, lambda model: model == "a") == shown


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"models/b"}',
        b'{"models":1}',
        b'{"models":[{"id":"a"}]}',
        b'{"data":[]}',
        b"[]",
        b'{"models":[],"models":[{"name":"models/b"}]}',
    ],
)
def test_what_is_not_the_agents_or_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable):
        FORMAT.delivered(body, lambda model: model == "a")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]"])
def test_a_reply_that_is_no_json_object_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable):
        FORMAT.usage(body)
