"""Release a stop."""

from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Command, Context, Outcome
from gatebook.control.inputs import Email
from gatebook.control.ports import Records
from gatebook.core.errors import Conflict, NotFound
from gatebook.identity.directory import Organization, Person, Stop
from gatebook.ledger.events.stop import StopReleased
from gatebook.policy.stops import name_of


class ReleaseStop(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Release a stop, so that calls are made again; somebody has to answer for that.

    Other stops of the same thing hold until they are released too.
    """

    verb: ClassVar[str] = "stop release"
    says: ClassVar[str] = "The stop is released."
    subject: ClassVar[str] = "stop"
    needs_reason: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        "stop release stp_6fD1sA3gH5jK7lP9oI2uYt --by alice@example.com --reason 'prompt mended'",
    )

    stop: Annotated[str, Meta(description="Id of the stop.", max_length=40)]
    by: Annotated[Email, Meta(description="Registered person who answers for the release.")]

    def within(self, records: Records) -> Organization | None:
        """The organization whose log has the stop."""
        stop = self._stop(records)
        found = records.find(Organization, id=stop.organization_id or "")
        return found[0] if found else None

    def change(self, context: Context) -> Outcome:
        """A stop no longer in force; NotFound for a stranger, Conflict if it was released."""
        stop = self._stop(context.records)
        if stop.status == "released":
            raise Conflict("stop_released", "This stop was released before.")
        here = {"organization_id": stop.organization_id} if stop.organization_id else {}
        people = context.records.find(Person, email=self.by.lower(), **here)
        if not people:
            raise NotFound(
                "person_unknown",
                f"{self.by} is not registered.",
                f"gatebook person register {self.by}",
            )
        name = name_of(stop, context.records)
        released = msgspec.structs.replace(stop, status="released", released_at=context.now_us)
        return Outcome(
            event=partial(
                StopReleased,
                object=stop.id,
                kind=stop.kind,
                subject=stop.subject,
                engaged_at=stop.engaged_at,
                person=people[0].id,
            ),
            saves=(released,),
            answer={"stop": stop.id, "kind": stop.kind, "subject": name, "by": self.by},
        )

    def _stop(self, records: Records) -> Stop:
        found = records.find(Stop, id=self.stop)
        if not found:
            raise NotFound(
                "stop_unknown", f"The database knows no stop {self.stop}.", "gatebook stop list"
            )
        return found[0]
