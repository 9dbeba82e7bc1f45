"""What nobody looked at may hold anything."""

import pytest

from gatebook.formats import Call
from gatebook.guard.inspect import Inspection
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.patterns import Patterns
from gatebook.providers.openai import CHAT, MODELS
from tests.policies import seen

SEEN = seen()


@pytest.mark.parametrize(
    ("inspection", "has_only"),
    [
        (Inspection(), False),
        (SEEN, True),
        (seen("public"), True),
        (seen("public", "personal"), False),
    ],
)
def test_a_text_has_only_what_was_looked_for_and_found(
    inspection: Inspection, has_only: bool
) -> None:
    call = Call(operation=CHAT, path=CHAT.path)
    assert Circumstances(inspection, "", 0).show_only(call, Patterns(["public"])) is has_only


def test_a_call_without_a_text_holds_nothing() -> None:
    call = Call(operation=MODELS, path=MODELS.path)
    assert Circumstances(Inspection(), "", 0).show_only(call, Patterns([]))
