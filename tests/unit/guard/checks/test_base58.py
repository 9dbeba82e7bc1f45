"""Base58Check against Bitcoin's own words."""

from gatebook.guard.checks.base58 import decoded, encoded

GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


def test_the_first_address_is_read_and_written() -> None:
    body = decoded(GENESIS)
    assert body is not None
    assert body.hex() == "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18"
    assert encoded(body) == GENESIS


def test_a_changed_one_and_letters_that_are_left_out_are_refused() -> None:
    assert decoded(GENESIS[:-1] + "b") is None
    assert decoded(GENESIS.replace("z", "0")) is None
