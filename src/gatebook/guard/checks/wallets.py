"""Addresses and keys of cryptocurrencies."""

from gatebook.guard.checks.base58 import decoded
from gatebook.guard.checks.bech32 import is_segwit
from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.keccak import keccak256


def base58check(match: Candidate) -> bool:
    """Bitcoin and its relatives: the last four bytes are a checksum."""
    return decoded(match.value) is not None


def segwit(match: Candidate) -> bool:
    """Bitcoin since 2017: bech32 or bech32m, as BIP 173 and 350 say."""
    return is_segwit(match.value)


def ethereum(match: Candidate) -> bool:
    """Forty hexadecimal digits whose capitals are a checksum (EIP-55), or all in one case."""
    address = match.value[2:]
    if len(set(address.lower())) < 6:
        return False
    if address in {address.lower(), address.upper()}:
        return True
    digest = keccak256(address.lower().encode()).hex()
    return all(
        not each.isalpha() or each.isupper() == (by >= "8")
        for each, by in zip(address, digest, strict=False)
    )


def wallet_shaped(match: Candidate) -> bool:
    """Letters of both cases and digits, as random characters have them."""
    value = match.value.partition(":")[2] or match.value
    return len(set(value)) > 12 and any(map(str.isdigit, value)) and not value.isdigit()
