"""The JSON profile of everything that is signed: one line, sorted keys, no floats, no surprises.

Inside the profile (ASCII keys, integers below 2**53, no floats, no duplicate keys, no lone
surrogates) the bytes equal RFC 8785 (JCS), so anyone may re-derive them and nobody has to.
"""

from typing import Any

import msgspec

from gatebook.core.errors import Invalid

_ENCODER = msgspec.json.Encoder(order="sorted")  # "deterministic" leaves fields unsorted
_MAX_INT = 2**53 - 1

encode = _ENCODER.encode
"""Bytes of a value in the profile. Trusts its caller: use typed structs, or `check` first."""


def check(value: Any, depth: int = 0) -> None:
    """Raise Invalid unless `value` (JSON-like data, at most 32 deep) lies within the profile."""
    if depth > 32:
        raise Invalid("json_too_deep", "JSON is nested more than 32 levels deep.")
    match value:
        case None | bool():
            pass
        case str():
            _check_text(value)
        case int() if abs(value) > _MAX_INT:
            raise Invalid("json_integer", "JSON integers stay below 2**53.", "Write it as text.")
        case int():
            pass
        case list():
            for item in value:
                check(item, depth + 1)
        case dict():
            for key, item in value.items():
                _check_key(key)
                check(item, depth + 1)
        case _:
            raise Invalid("json_type", f"JSON here has no {type(value).__name__}.", "Use text.")


def is_canonical(line: bytes) -> bool:
    """True when `line` is exactly what `encode` writes for the value it holds."""
    try:
        value = msgspec.json.decode(line)
        check(value)
    except (msgspec.DecodeError, Invalid, UnicodeError, RecursionError):
        return False
    return encode(value) == line


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key.isascii():
        raise Invalid("json_key", "JSON keys are ASCII text.")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("json_surrogate", "JSON text has a lone surrogate.") from None
