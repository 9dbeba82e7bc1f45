"""What an administrative command is: inputs that describe themselves, and one pure function.

`change` reads through `Context.records` and returns what shall be stored and which event says so;
it writes nothing, so values before and after and the event cannot drift apart (`apply.py`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol

import msgspec
from msgspec import Meta

from gatebook.control.ports import Records
from gatebook.core.envelope import DataKey
from gatebook.core.errors import Invalid, NotFound
from gatebook.core.ids import Entropy
from gatebook.core.secret import Secret
from gatebook.identity.directory import Organization, Row
from gatebook.identity.keys import Peppers
from gatebook.identity.settings import IdentitySettings
from gatebook.ledger.events import Actor, Change, Commitment
from gatebook.providers import Dialect


class MakesEvent(Protocol):
    """An event but for who did it and what the body commits to."""

    def __call__(self, *, actor: Actor, body: Commitment) -> Change: ...


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a command decided: rows to store and to delete, the event, and the answer.

    `shown_once` is handed to the caller and kept nowhere; `answer` may be stored and shown again.
    """

    event: MakesEvent
    saves: tuple[Row, ...] = ()
    removes: tuple[Row, ...] = ()
    answer: dict[str, str]
    shown_once: Secret | None = None


class Need(msgspec.Struct, frozen=True):
    """A command that has to be carried out first, by its name and values."""

    command: str
    values: dict[str, Any]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a command may know and use while it decides."""

    records: Records
    organization: Organization | None
    data_key: DataKey
    settings: IdentitySettings
    peppers: Peppers
    dialects: Mapping[str, Dialect]
    now_us: int
    entropy: Entropy

    @property
    def acting_in(self) -> Organization:
        """The organization the command acts within."""
        if self.organization is None:
            raise Invalid("organization_missing", "This is done within an organization.")
        return self.organization

    @property
    def organization_id(self) -> str:
        """Its id."""
        return self.acting_in.id


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of all commands; `verb` is its place on the command line, `subject` its argument there.

    `says` tells people what was done, from the values of the answer; `examples` leave the name of
    the program out. Some are carried out for a reason only (`needs_reason`).
    """

    verb: ClassVar[str]
    says: ClassVar[str]
    subject: ClassVar[str] = ""
    needs_reason: ClassVar[bool] = False
    examples: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def command_id(cls) -> str:
        """The command's name, which is the name of its file."""
        return cls.__module__.rpartition(".")[2]

    def within(self, records: Records) -> Organization | None:
        """The organization whose log the event goes to; None: the platform's."""
        del records
        return None

    def needs(self, records: Records) -> Need | None:
        """Something that has to exist before this command can be carried out and does not."""
        del records
        return None

    def change(self, context: Context) -> Outcome:
        """Decide what changes; raises Invalid, NotFound or Conflict if nothing may."""
        raise NotImplementedError


class InOrganization(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of the commands that act within one organization."""

    organization: Annotated[
        str, Meta(description="Organization, if there is more than one.", max_length=40)
    ] = ""

    def within(self, records: Records) -> Organization | None:
        """The organization named, or the only one there is."""
        named = {"slug": self.organization} if self.organization else {}
        found = records.find(Organization, **named)
        if len(found) == 1:
            return found[0]
        if found:
            slugs = ", ".join(organization.slug for organization in found[:5])
            raise Invalid("organization_unclear", f"Which organization? There are {slugs}.")
        raise NotFound(
            "organization_unknown",
            f"There is no organization {self.organization}.",
            f"Create it: gatebook organization create {self.organization}",
        )

    def needs(self, records: Records) -> Need | None:
        """The organization `default`, when none is named and none exists."""
        if self.organization or records.find(Organization):
            return None
        return Need("create_organization", {"slug": "default"})
