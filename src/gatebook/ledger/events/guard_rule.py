"""What the guard is to do about what it finds."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class GuardRuleSet(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A guard rule was set, or another action or threshold for it."""

    name: ClassVar[str] = "guard_rule.set"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC6.7")

    agent: Annotated[str, Meta(description="agent it binds; empty: not one alone")] = ""
    workspace: Annotated[
        str, Meta(description="workspace it binds; empty, and no agent: the organization")
    ] = ""
    direction: Annotated[str, Meta(description="request | reply | both")]
    what: Annotated[
        str,
        Meta(
            description="class of data, detector: and its id, blind: and a kind of part, or threat;"
            " * stands for anything"
        ),
    ]
    region: Annotated[str, Meta(description="where providers are; * stands for anything")]
    action: Annotated[
        str,
        Meta(
            description="observe | allow | record | flag | mask | token | redact | block |"
            " quarantine"
        ),
    ]
    threshold: Annotated[
        int, Meta(description="score of a threat in thousandths; absent: the guard's own")
    ] = 0

    @classmethod
    def example(cls) -> Self:
        """Secrets of an agent are not sent to Europe."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="grl_3nV7bX1cZ9mK5jH2gF6dS8",
            agent="agt_2xV8nQmA0bLr5cYtKd9eWs",
            direction="request",
            what="secret",
            region="eu-*",
            action="block",
            body=EXAMPLE_BODY,
        )


class GuardRuleRemoved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A guard rule was removed; what it said is done no more."""

    name: ClassVar[str] = "guard_rule.removed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC6.7")

    @classmethod
    def example(cls) -> Self:
        """A rule that is no longer wanted."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="grl_3nV7bX1cZ9mK5jH2gF6dS8",
            body=EXAMPLE_BODY,
        )
