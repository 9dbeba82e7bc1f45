"""What is signed is one line of JSON in a profile whose bytes equal RFC 8785."""

from typing import Any

import pytest

from gatebook.core.errors import Invalid
from gatebook.core.json_profile import check, encode, is_canonical


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ({"a": {"c": 1, "B": 2}}, b'{"a":{"B":2,"c":1}}'),
        ("\u20ac\u0000\n\u007f\u2028/", '"\u20ac\\u0000\\n\u007f\u2028/"'.encode()),
        (2**53 - 1, b"9007199254740991"),
        (-(2**53 - 1), b"-9007199254740991"),
        ("\U0001f600", '"\U0001f600"'.encode()),
    ],
)
def test_inside_the_profile_the_bytes_are_those_of_rfc_8785(value: Any, line: bytes) -> None:
    check(value)
    assert encode(value) == line
    assert is_canonical(line)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "json_type"),
        (float("nan"), "json_type"),
        (b"bytes", "json_type"),
        ((1, 2), "json_type"),
        (2**53, "json_integer"),
        ({"a": [-(2**53)]}, "json_integer"),
        ({"\u00e9": 1}, "json_key"),
        ({1: 1}, "json_key"),
        ("\ud800", "json_surrogate"),
        (nested(33), "json_too_deep"),
    ],
)
def test_outside_the_profile_nothing_is_signed(value: Any, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        check(value)
    assert raised.value.code == code


def test_thirty_two_levels_are_not_too_deep() -> None:
    check(nested(31))


@pytest.mark.parametrize(
    "line",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\xff"}',
        b'{"\xc3\xa9":1}',
        b"{",
        b"",
        b"[" * 100_000,
    ],
)
def test_a_line_written_any_other_way_is_not_canonical(line: bytes) -> None:
    assert not is_canonical(line)
