"""Addresses of wallets: checksums where there are some."""

from gatebook.guard.checks import wallets
from gatebook.guard.checks.candidate import Candidate


def test_an_address_of_ethereum_is_known_with_and_without_its_capitals() -> None:
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    assert wallets.ethereum(Candidate(address, "", ""))
    assert wallets.ethereum(Candidate(address.lower(), "", ""))


def test_an_address_of_one_digit_is_nobodys() -> None:
    assert not wallets.ethereum(Candidate("0x" + "0" * 40, "", ""))


def test_bitcoin_old_and_new() -> None:
    assert wallets.base58check(Candidate("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "", ""))
    assert wallets.segwit(Candidate("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "", ""))


def test_what_may_be_an_address_is_of_many_characters() -> None:
    assert wallets.wallet_shaped(Candidate("TQ5c8rY2mKx9vLn4hBp7wZs3dGf6jAeUo1", "", ""))
    assert not wallets.wallet_shaped(Candidate("1" * 34, "", ""))
    assert not wallets.wallet_shaped(Candidate("thisisjustoneverylongwordindeed", "", ""))
