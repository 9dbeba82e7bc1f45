"""What tells the real from what only looks like it: checksums, structure, randomness.

Promises: a check is a function of what stands there, without state or input; it takes no longer
than a candidate is long. Read `candidate.py` first; `CHECKS` is what a detector's `check` may name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.guard.checks import (
    assigned,
    banking,
    cards,
    contact,
    dates,
    encoded,
    identity,
    network,
    randomness,
    wallets,
)
from gatebook.guard.checks.candidate import Candidate, Check

__all__ = ["CHECKS", "Candidate", "Check"]

_ALL: Final[tuple[Check, ...]] = (
    assigned.keyed,
    assigned.password,
    assigned.prefixed,
    assigned.secret,
    assigned.spoken,
    assigned.spoken_password,
    assigned.url_password,
    banking.aba_routing,
    banking.bic,
    banking.iban,
    cards.imei,
    cards.payment_card,
    contact.email,
    contact.phone_american,
    contact.phone_international,
    contact.phone_national,
    contact.phone_trunk,
    dates.birth_date,
    encoded.basic,
    encoded.jwt,
    identity.aadhaar,
    identity.australian_tfn,
    identity.belgian_nn,
    identity.brazilian_cpf,
    identity.canadian_sin,
    identity.chinese_id,
    identity.codice_fiscale,
    identity.dutch_bsn,
    identity.french_nir,
    identity.german_tax_id,
    identity.israeli_id,
    identity.numbered,
    identity.polish_pesel,
    identity.spanish_dni,
    identity.swedish_personnummer,
    identity.uk_nhs,
    identity.uk_nino,
    identity.us_itin,
    identity.us_ssn,
    network.coordinates,
    network.ipv4,
    network.ipv6,
    network.mac,
    randomness.random,
    randomness.token,
    wallets.base58check,
    wallets.ethereum,
    wallets.segwit,
    wallets.wallet_shaped,
)

CHECKS: Final[Mapping[str, Check]] = MappingProxyType({each.__name__: each for each in _ALL})
"""Every check by its name."""
