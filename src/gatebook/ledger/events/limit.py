"""What agents, workspaces and organizations may use at most."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class LimitImposed(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A limit was set, or its amount was changed."""

    name: ClassVar[str] = "limit.imposed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC9.1")

    subject: Annotated[str, Meta(description="what it binds: agent | workspace | organization")]
    subject_id: Annotated[str, Meta(description="id of that")]
    measure: Annotated[str, Meta(description="requests | tokens | money | concurrent")]
    period: Annotated[str, Meta(description="minute | day | month | none")]
    amount: Annotated[int, Meta(description="how much; money in millionths of a US dollar")]

    @classmethod
    def example(cls) -> Self:
        """Twenty dollars a month for an agent."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="lim_5kW2mX8pR1tY6uI9oA3sD7",
            subject="agent",
            subject_id="agt_2xV8nQmA0bLr5cYtKd9eWs",
            measure="money",
            period="month",
            amount=20_000_000,
            body=EXAMPLE_BODY,
        )


class LimitRemoved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A limit was removed; it binds nobody any more."""

    name: ClassVar[str] = "limit.removed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC9.1")

    @classmethod
    def example(cls) -> Self:
        """A limit that is no longer wanted."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="lim_5kW2mX8pR1tY6uI9oA3sD7",
            body=EXAMPLE_BODY,
        )
