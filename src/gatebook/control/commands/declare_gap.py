"""Declare that entries of a stream are lost, and answer for saying so."""

from functools import partial
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from gatebook.control.command import Command, Context, Outcome
from gatebook.control.ports import Records
from gatebook.core.envelope import PLATFORM
from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import Organization
from gatebook.ledger.events.stream import GapDeclared


class DeclareGap(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Declare that entries of a stream are lost; verification then reports a declared gap.

    This brings nothing back: it names the loss, its cause and who answers for it.
    """

    verb: ClassVar[str] = "log declare-gap"
    says: ClassVar[str] = "The gap in stream {stream} is declared: {lost}."
    subject: ClassVar[str] = "sid"
    examples: ClassVar[tuple[str, ...]] = (
        "log declare-gap s9f2Kq81LmZ0ab --log default --first 10 --last 12 --cause disk_loss",
    )

    sid: Annotated[
        str, Meta(description="Stream that lost entries.", pattern=r"\As[0-9A-Za-z]{13}\Z")
    ]
    log: Annotated[str, Meta(description="Slug of the organization, or `platform`.")]
    first: Annotated[int, Meta(description="First sequence number lost.", ge=0, lt=2**53)]
    last: Annotated[int, Meta(description="Last sequence number lost.", ge=0, lt=2**53)]
    cause: Annotated[
        Literal["restore", "disk_loss", "corruption"], Meta(description="How they were lost.")
    ]

    def within(self, records: Records) -> Organization | None:
        """The organization whose log lost the entries."""
        if self.log == PLATFORM:
            return None
        found = records.find(Organization, slug=self.log)
        if not found:
            raise NotFound("log_unknown", f"There is no log {self.log}.")
        return found[0]

    def change(self, context: Context) -> Outcome:
        """Nothing but the event; NotFound or Invalid unless entries of that range were there."""
        if self.last < self.first:
            raise Invalid("gap_empty", "The last number lost comes before the first.")
        extent = context.records.extent(self.log, self.sid, self.first, self.last)
        if extent is None:
            raise NotFound("stream_unknown", f"Log {self.log} knows no entries of {self.sid}.")
        if self.last > extent.last:
            raise Invalid(
                "gap_beyond_end",
                f"The last entry known of {self.sid} is {extent.last}.",
                "Nobody can lose what was never there: end the range at that number.",
            )
        # Damaged entries are still there; the integrator takes those of them that are sound.
        if extent.held and self.cause != "corruption":
            raise Invalid(
                "gap_not_lost",
                f"{extent.held} entries of this range are in the database.",
                "Declare what is missing, or, if they are damaged, name corruption as the cause.",
            )
        return Outcome(
            event=partial(
                GapDeclared,
                object=self.sid,
                sid=self.sid,
                first=self.first,
                last=self.last,
                cause=self.cause,
            ),
            answer={"stream": self.sid, "lost": f"{self.first} to {self.last}"},
        )
