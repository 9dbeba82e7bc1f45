"""A workspace comes into being."""

from typing import ClassVar, Self

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class WorkspaceCreated(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A workspace was created in an organization."""

    name: ClassVar[str] = "workspace.created"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1",)

    @classmethod
    def example(cls) -> Self:
        """A workspace for one team."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="wsp_0aB1cD2eF3gH4iJ5kL6mN7",
            body=EXAMPLE_BODY,
        )
