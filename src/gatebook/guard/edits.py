"""What is put in place of data that may not go on as it is."""

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from gatebook.guard.vault import Vault

Edit = Literal["mask", "redact", "token"]

_SHOWN: Final = 4
"""Characters at the end of a long value that a mask leaves, for people to know it by."""


class Place(NamedTuple):
    """Where something is to be replaced in a text, in code points, and by what kind of thing."""

    start: int
    end: int
    detector: str
    edit: Edit


def edited(text: str, places: Iterable[Place], vault: Vault) -> str:
    """The text with every place replaced; of places that overlap, all that they cover at once."""
    parts, at = [], 0
    for place in _merged(places):
        value = text[place.start : place.end]
        parts += [text[at : place.start], _MAKERS[place.edit](place.detector, value, vault)]
        at = place.end
    return "".join([*parts, text[at:]])


def replacement(value: str, detector: str, edit: Edit, vault: Vault) -> str:
    """What is put in place of a value."""
    return _MAKERS[edit](detector, value, vault)


def _merged(places: Iterable[Place]) -> list[Place]:
    """Places that do not overlap; where some did, it is redacted unless they agree."""
    merged: list[Place] = []
    for place in sorted(places):
        last = merged[-1] if merged else None
        if last is None or place.start >= last.end:
            merged.append(place)
        elif place != last:
            edit: Edit = place.edit if place.edit == last.edit != "token" else "redact"
            merged[-1] = last._replace(end=max(last.end, place.end), edit=edit)
    return merged


def _masked(_detector: str, value: str, _vault: Vault) -> str:
    hidden = len(value) - (_SHOWN if len(value) >= 3 * _SHOWN else 0)
    return "".join(["*" if each.isalnum() else each for each in value[:hidden]]) + value[hidden:]


def _redacted(detector: str, _value: str, _vault: Vault) -> str:
    return f"[{detector.upper()}]"


def _token(detector: str, value: str, vault: Vault) -> str:
    return vault.token(detector, value)


_MAKERS: Final[dict[Edit, Callable[[str, str, Vault], str]]] = {
    "mask": _masked,
    "redact": _redacted,
    "token": _token,
}
