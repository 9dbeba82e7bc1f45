"""Addresses of machines and places."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gatebook.guard.checks.candidate import Candidate, has_word

_VERSIONS: Final = ("version", "ver", "v", "release", "build", "upgrade", "==", "section", "oid")
_COORDINATES_LEAST: Final = 3
"""Digits after the point: about a hundred metres."""


def ipv4(match: Candidate) -> bool:
    """An address of some machine: no mask, no loopback, no version with four parts."""
    try:
        address = IPv4Address(match.value)
    except AddressValueError:
        return False
    if address.is_unspecified or match.value.startswith(("255.", "0.", "127.0.")):
        return False
    longer = match.before.endswith(".") or (match.after[:1] == "." and match.after[1:2].isdigit())
    return not longer and not has_word(match.before[-12:], _VERSIONS)


def ipv6(match: Candidate) -> bool:
    """An address of some machine; `a::b` of a program is none, nor is a time."""
    try:
        address = IPv6Address(match.value)
    except AddressValueError:
        return False
    groups = [group for group in match.value.split(":") if group]
    told = len(groups) == 8 or (len(groups) >= 3 and any(len(group) > 2 for group in groups))
    return told and not (address.is_loopback or address.is_unspecified)


def mac(match: Candidate) -> bool:
    """Neither nothing nor everybody, and no part of something longer."""
    inside = match.before[-1:] in {".", ":", "-"} or match.after[:1] in {":", "-"}
    return len(set(match.value) - set(":-.")) > 2 and not inside


def coordinates(match: Candidate) -> bool:
    """A latitude and a longitude, as exact as to say where somebody is."""
    kept = "".join(each if each in "+-.0123456789" else " " for each in match.value)
    numbers = [each for each in kept.split() if any(map(str.isdigit, each))]
    if len(numbers) != 2:
        return False
    exact = all(len(each.partition(".")[2]) >= _COORDINATES_LEAST for each in numbers)
    try:
        latitude, longitude = map(float, numbers)
    except ValueError:
        return False
    return exact and abs(latitude) <= 90 and abs(longitude) <= 180
