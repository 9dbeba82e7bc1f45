"""An event: a class in `ledger/events/<subject>.py` and its golden JSON."""

import re

FOLDER = "src/gatebook/ledger/events"
ID = re.compile(r"[a-z]+(_[a-z]+)?\.([a-z]+(ed|en)|set)(_[a-z]+)?")
EXAMPLE = "agent.suspended"

_HEAD = '''\
"""What {subject} events tell, in one line."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change
'''

_CLASS = '''

class {name}(Change, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, in one line."""

    name: ClassVar[str] = "{id}"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1",)

    cause: Annotated[str, Meta(description="what a reader of the book learns from it")]

    @classmethod
    def example(cls) -> Self:
        """A case from life, in one line."""
        return cls(actor=EXAMPLE_ACTOR, object="", cause="", body=EXAMPLE_BODY)
'''


def files(id_: str) -> dict[str, str]:
    """The class, and golden JSON that fails until it is the example's."""
    subject, _, action = id_.partition(".")
    name = (subject + "_" + action).title().replace("_", "")
    head = _HEAD.format(subject=subject)
    return {
        f"{FOLDER}/{subject}.py+": head + _CLASS.format(name=name, id=id_),
        f"vectors/events/{id_}.json": "{}\n",
    }
