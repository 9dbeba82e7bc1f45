"""Record that calls are stopped."""

from functools import partial
from hashlib import sha256
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Command, Context, Outcome
from gatebook.control.ports import Records
from gatebook.control.stoppable import Subject, subjects
from gatebook.core.errors import Invalid, NotFound
from gatebook.core.ids import base62, new_id
from gatebook.identity.directory import Directory, Organization, Rows, Stop, StopKind
from gatebook.ledger.events.stop import StopEngaged


class EngageStop(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop calls at once: those under way are cut, and no others are made until it is released.

    KIND says what is stopped, NAME which one, by its name or its id; for models it is a pattern.
    """

    verb: ClassVar[str] = "stop engage"
    says: ClassVar[str] = "The stop is engaged."
    subject: ClassVar[str] = "name"
    examples: ClassVar[tuple[str, ...]] = (
        "stop engage agent triage",
        "stop engage model 'gpt-4o*'",
        "stop engage provider openai --organization acme",
        "stop engage platform",
    )

    kind: Annotated[StopKind, Meta(description="What is stopped.")]
    name: Annotated[
        str,
        Meta(
            title="a name, an id or the pattern of a model's name",
            description="Which one: name, id or, for models, a pattern.",
            pattern=r"\A[A-Za-z0-9*._:/@+-]*\Z",
            max_length=100,
        ),
    ] = ""
    organization: Annotated[
        str, Meta(description="Organization it is in, if that is not clear.", max_length=40)
    ] = ""
    stop: Annotated[
        str,
        Meta(
            description="Id of the stop; made up if left out.",
            pattern=r"\A(stp_[0-9A-Za-z]{22})?\Z",
        ),
    ] = ""
    engaged_at: Annotated[
        int, Meta(description="When it was ordered, in microseconds; 0: now.", ge=0, lt=2**53)
    ] = 0

    def __post_init__(self) -> None:
        """Nobody shall stop everything by a slip, or nothing."""
        is_of_all = self.kind in ("platform", "drill")
        if self.name and is_of_all:
            raise ValueError("That stops everything: give it no name")
        if not self.name and self.kind == "model":
            raise ValueError("Name the pattern of the models that are stopped, such as 'gpt-4o*'")
        if not self.name and not is_of_all:
            raise ValueError(f"Name the {_what(self.kind)} that is stopped")

    def settled(self, rows: Rows) -> "EngageStop":
        """The order with the organization that is meant; NotFound or Invalid as `change` raises."""
        organization = self._subject(rows).organization
        return replace(self, organization=organization.slug if organization else "")

    def parts(self, rows: Rows) -> list["EngageStop"]:
        """What it stops, one order each: itself where it is clear, none if it names nothing.

        If several organizations have what it names, each order has an id of its own, which follows
        from this one's: whoever takes it apart gets the same.
        """
        found = subjects(rows, self.kind, self.name, self.organization)
        if len(found) == 1:
            return [self]
        return [
            replace(self, organization=organization.id, stop=_id_of_part(self.stop, subject))
            for organization, subject in found
            if organization is not None
        ]

    def is_recorded(self, directory: Directory) -> bool:
        """Whether the database has this stop, or every one that it was taken apart into."""
        if self.stop in directory.stops:
            return True
        parts = self.parts(directory)
        return bool(parts) and all(part.stop in directory.stops for part in parts)

    def within(self, records: Records) -> Organization | None:
        """The organization that what is stopped belongs to; None: it is not in one of them."""
        return self._subject(records).organization

    def change(self, context: Context) -> Outcome:
        """A stop in force; NotFound or Invalid if what it names is not there or not clear."""
        organization, subject = self._subject(context.records)
        stop = Stop(
            id=self.stop or new_id("stp", context.entropy),
            organization_id=organization.id if organization else None,
            kind=self.kind,
            subject=subject,
            engaged_at=self.engaged_at or context.now_us,
        )
        return Outcome(
            event=partial(
                StopEngaged,
                object=stop.id,
                kind=stop.kind,
                subject=stop.subject,
                engaged_at=stop.engaged_at,
            ),
            saves=(stop,),
            answer={"stop": stop.id, "kind": stop.kind, "subject": self.name},
        )

    def _subject(self, rows: Rows) -> Subject:
        found = subjects(rows, self.kind, self.name, self.organization)
        if not found:
            raise NotFound(
                "stop_subject_unknown",
                f"There is no {_what(self.kind)} {self.name}.",
                "Nothing is stopped.",
            )
        if len(found) > 1:
            slugs = ", ".join(
                sorted(each.organization.slug for each in found if each.organization)[:5]
            )
            raise Invalid(
                "organization_unclear", f"Several organizations have a {self.name}: {slugs}."
            )
        return found[0]


def _id_of_part(stop: str, subject: str) -> str:
    proof = sha256(f"{stop} {subject}".encode()).digest()
    return f"stp_{base62(int.from_bytes(proof[:16]), 22)}"


def _what(kind: StopKind) -> str:
    return "agent" if kind == "quarantine" else kind
