"""Addresses and keys of cryptocurrencies."""

from gatebook.guard.checks.base58 import decoded
from gatebook.guard.checks.bech32 import is_segwit
from gatebook.guard.checks.candidate import Candidate


def base58check(match: Candidate) -> bool:
    """Bitcoin and its relatives: the last four bytes are a checksum."""
    return decoded(match.value) is not None


def segwit(match: Candidate) -> bool:
    """Bitcoin since 2017: bech32 or bech32m, as BIP 173 and 350 say."""
    return is_segwit(match.value)


def ethereum(match: Candidate) -> bool:
    """Forty hexadecimal digits, many of them different.

    Their capitals may be a checksum (EIP-55), which tells whether an address was copied well, not
    whether it is one; its Keccak takes half a millisecond here.
    """
    return len(set(match.value[2:].lower())) >= 6


def wallet_shaped(match: Candidate) -> bool:
    """Letters of both cases and digits, as random characters have them."""
    value = match.value.partition(":")[2] or match.value
    return len(set(value)) > 12 and any(map(str.isdigit, value)) and not value.isdigit()
