"""A caller presents one credential, wherever its SDK puts it."""

import pytest

from gatebook.gateway.reading import credential_of
from gatebook.identity.identify import KeyRejected


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
    assert credential_of(headers) == "k"


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
        credential_of(headers)
