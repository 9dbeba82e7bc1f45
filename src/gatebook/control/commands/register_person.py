"""Register a person who answers for agents."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Email, Line
from gatebook.core.errors import Conflict
from gatebook.core.ids import new_id
from gatebook.identity.directory import Person
from gatebook.ledger.events.person import PersonRegistered


class RegisterPerson(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Register a person, who can then own agents; enrolling an agent does it by itself."""

    verb: ClassVar[str] = "person register"
    says: ClassVar[str] = "{person} is registered."
    subject: ClassVar[str] = "email"
    examples: ClassVar[tuple[str, ...]] = ('person register alice@example.com --name "Alice Ng"',)

    email: Annotated[Email, Meta(description="Address of the person; kept out of the log.")]
    name: Annotated[Line | None, Meta(description="Name to show; the address if left out.")] = None

    def change(self, context: Context) -> Outcome:
        """A new person; Conflict if the address is known."""
        organization_id, email = context.organization_id, self.email.lower()
        if context.records.find(Person, organization_id=organization_id, email=email):
            raise Conflict("person_exists", f"{email} is registered.")
        person = Person(
            id=new_id("per", context.entropy),
            organization_id=organization_id,
            name=self.name or email,
            email=email,
            created_at=context.now_us,
        )
        return Outcome(
            event=partial(PersonRegistered, object=person.id),
            saves=(person,),
            answer={"person": person.email, "id": person.id},
        )
