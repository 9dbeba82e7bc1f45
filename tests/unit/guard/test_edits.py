"""A place is replaced whole, and what stands around it is left."""

from gatebook.guard.edits import Place, edited
from gatebook.guard.vault import Vault

CARD = "card 4111-1111-1111-1111 please"


def put(*places: Place) -> str:
    return edited(CARD, places, Vault())


def test_a_mask_leaves_the_end_of_what_is_long_and_nothing_of_what_is_short() -> None:
    assert put(Place(5, 24, "card", "mask")) == "card ****-****-****-1111 please"
    assert put(Place(25, 31, "word", "mask")) == "card 4111-1111-1111-1111 ******"


def test_redacted_is_named_and_gone() -> None:
    assert put(Place(5, 24, "card", "redact")) == "card [CARD] please"


def test_places_that_overlap_are_one() -> None:
    both = (Place(0, 10, "a", "mask"), Place(5, 24, "card", "token"))
    assert put(*both) == put(*reversed(both)) == "[A] please"
    assert (
        put(Place(5, 24, "card", "token"), Place(5, 24, "card", "token")) == "card <CARD_1> please"
    )
