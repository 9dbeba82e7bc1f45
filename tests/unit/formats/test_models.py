"""Of a list of models an agent sees those it may call, and the rest keeps its bytes."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Terms
from gatebook.providers.openai import MODEL, MODELS


def test_the_list_has_no_body_and_no_model() -> None:
    call = MODELS.format.read(Call(operation=MODELS, path=MODELS.path))
    assert (call.model, call.max_tokens, call.body) == ("", 0, b"")
    assert MODELS.format.fitted(call, Terms(max_tokens=1)) is call


def test_one_model_is_asked_for_by_a_name_that_may_be_one() -> None:
    call = Call(operation=MODEL, path=MODEL.path, model="gpt-4o")
    assert MODEL.format.read(call).model == "gpt-4o"
    with pytest.raises(Invalid):
        MODEL.format.read(replace(call, model=".."))
    assert MODEL.format.delivered(b'{"id":"a"}', lambda _: False) == b'{"id":"a"}'


def test_nothing_streams_here() -> None:
    assert not MODELS.format.stream_type
    with pytest.raises(NotImplementedError):
        MODELS.format.stream(Call(operation=MODELS, path=MODELS.path))


def test_an_agent_sees_the_models_it_may_call_and_no_others() -> None:
    body = b'{"object":"list", "data":[{"id":"a", "x":1}, {"id":"b"},{"id":"ab"}], "more":1}'
    shown = MODELS.format.delivered(body, lambda model: model.startswith("a"))
    assert shown == b'{"object":"list", "data":[{"id":"a", "x":1},{"id":"ab"}], "more":1}'


PAGE = b'{"data":[{"id":"a"},{"id":"b"},{"id":"c"}],"first_id":"a","has_more":true,"last_id":"c"}'


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ("abc", PAGE),
        ("b", b'{"data":[{"id":"b"}],"first_id":"b","has_more":true,"last_id":"b"}'),
        ("", b'{"data":[],"first_id":null,"has_more":false,"last_id":null}'),
    ],
)
def test_where_a_page_begins_and_ends_is_told_by_what_is_shown_of_it(
    seen: str, shown: bytes
) -> None:
    assert MODELS.format.delivered(PAGE, lambda model: model in seen) == shown


def test_lists_of_several_providers_are_one_behind_the_other() -> None:
    assert MODELS.join is not None
    first, second = b'{"object":"list", "data":[{"id":"a", "x":1}]}', b'{"data":[{"id":"b"}]}'
    assert MODELS.join(first, second) == b'{"object":"list", "data":[{"id":"a", "x":1},{"id":"b"}]}'
    assert MODELS.join(b'{"data":[]}', second) == second
    page = MODELS.join(PAGE, b'{"data":[{"id":"z"}]}')
    assert page.endswith(b'{"id":"z"}],"first_id":"a","has_more":true,"last_id":"z"}')


@pytest.mark.parametrize("body", [b"{}", b'{"data":1}', b'{"data":[{"name":"a"}]}', b"[]"])
def test_a_list_of_models_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable):
        MODELS.format.delivered(body, lambda _: True)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]"])
def test_a_reply_that_is_no_json_object_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable):
        MODELS.format.usage(body)
