"""What is known and not served is refused with the reason, whatever is sent."""

from typing import Literal

import pytest

from gatebook.core.errors import Invalid
from gatebook.formats import Call
from gatebook.formats.closed import Closed
from gatebook.providers.openai import CHAT


@pytest.mark.parametrize("why", ["account_wide", "not_inspectable"])
def test_a_closed_address_says_why(why: Literal["account_wide", "not_inspectable"]) -> None:
    with pytest.raises(Invalid) as caught:
        Closed(why).read(Call(operation=CHAT, path="/v1/files"))
    assert caught.value.code == why
    assert caught.value.hint
