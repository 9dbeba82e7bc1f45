"""An administrative command: one file in `control/commands` and its unit test."""

import re

FOLDER = "src/gatebook/control/commands"
ID = re.compile(r"[a-z]+_[a-z]+(_[a-z]+)*")
EXAMPLE = "suspend_agent"

_COMMAND = '''\
"""What the command does, in one line."""

from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Line


class {name}(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the command does, as its help says it."""

    verb: ClassVar[str] = "{noun} {verb}"
    subject: ClassVar[str] = "{noun}"
    examples: ClassVar[tuple[str, ...]] = ("{noun} {verb} name",)

    {noun}: Annotated[Line, Meta(description="Name or id.")]

    def change(self, context: Context) -> Outcome:
        """What is stored and which event says so; Conflict or NotFound if nothing may change."""
        raise NotImplementedError
'''

_TEST = '''\
"""The rules that {id} keeps."""

from gatebook.control.commands.{id} import {name}


def test_{id}_says_which_event_it_writes() -> None:
    assert {name}.change.__doc__ == "replace this by the rule that the command keeps"
'''


def files(id_: str) -> dict[str, str]:
    """The command, and a test that fails until it states a rule."""
    verb, _, noun = id_.partition("_")
    name = id_.title().replace("_", "")
    return {
        f"{FOLDER}/{id_}.py": _COMMAND.format(name=name, verb=verb, noun=noun),
        f"tests/unit/control/commands/test_{id_}.py": _TEST.format(id=id_, name=name),
    }
