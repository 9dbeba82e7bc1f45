"""An organization and its log come into being, and it rests."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class OrganizationCreated(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An organization was created; its log is named after its slug."""

    name: ClassVar[str] = "organization.created"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
    )

    slug: Annotated[str, Meta(description="last part of the name of its log")]

    @classmethod
    def example(cls) -> Self:
        """The first organization of an installation."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="org_5tGb3ErF2wQa9ZxC7vBnMk",
            slug="acme",
            body=EXAMPLE_BODY,
        )


class OrganizationSuspended(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An organization was suspended: calls of its agents were cut, and none is made."""

    name: ClassVar[str] = "organization.suspended"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
    )

    @classmethod
    def example(cls) -> Self:
        """A customer that does not pay."""
        return cls(actor=EXAMPLE_ACTOR, object="org_5tGb3ErF2wQa9ZxC7vBnMk", body=EXAMPLE_BODY)


class OrganizationResumed(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An organization that was suspended works again; the reason is in the body."""

    name: ClassVar[str] = "organization.resumed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
    )

    @classmethod
    def example(cls) -> Self:
        """A customer that paid."""
        return cls(actor=EXAMPLE_ACTOR, object="org_5tGb3ErF2wQa9ZxC7vBnMk", body=EXAMPLE_BODY)
