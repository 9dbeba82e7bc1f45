"""Set what an agent, a workspace or an organization may use at most."""

import re
from functools import partial
from typing import Annotated, ClassVar, Final, Literal, cast

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Ceiling
from gatebook.control.lookup import agent_called, workspace_called
from gatebook.core.errors import Invalid
from gatebook.core.ids import new_id
from gatebook.identity.directory import Limit
from gatebook.ledger.events.limit import LimitImposed
from gatebook.policy.limits.bounds import in_words
from gatebook.policy.limits.prices import micros

_PARTS: Final = re.compile(r"([0-9.]+)([a-z]+)(?:/([a-z]+))?")
_Subject = Literal["agent", "workspace", "organization"]
_Measure = Literal["requests", "tokens", "money", "concurrent"]
_Period = Literal["minute", "day", "month", "none"]


class SetLimit(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set a limit on an agent, on a workspace, or on the organization if neither is named.

    A limit of the same measure and period is replaced, and what was used of it stays used. Days and
    months are those of the calendar in UTC; a minute is a bucket that fills steadily.
    """

    verb: ClassVar[str] = "limit set"
    says: ClassVar[str] = "The {subject} may use {limit}."
    subject: ClassVar[str] = "limit"
    examples: ClassVar[tuple[str, ...]] = (
        "limit set 20usd/month --agent triage",
        "limit set 60requests/minute --workspace default",
        "limit set 5concurrent --agent triage",
        "limit set 500usd/month",
    )

    limit: Annotated[Ceiling, Meta(description="Amount, measure and period.")]
    agent: Annotated[str, Meta(description="Agent it binds.")] = ""
    workspace: Annotated[str, Meta(description="Workspace it binds, with all agents in it.")] = ""

    def change(self, context: Context) -> Outcome:
        """A limit, or another amount for it; Invalid for none at all."""
        subject, subject_id = self._subject(context)
        amount, measure, period = _read(self.limit)
        found = context.records.find(Limit, subject_id=subject_id, measure=measure, period=period)
        limit = (
            replace(found[0], amount=amount)
            if found
            else Limit(
                id=new_id("lim", context.entropy),
                organization_id=context.organization_id,
                subject=subject,
                subject_id=subject_id,
                measure=measure,
                period=period,
                amount=amount,
                created_at=context.now_us,
            )
        )
        return Outcome(
            event=partial(
                LimitImposed,
                object=limit.id,
                subject=subject,
                subject_id=subject_id,
                measure=measure,
                period=period,
                amount=amount,
            ),
            saves=(limit,),
            answer={"subject": subject, "limit": in_words(limit), "id": limit.id},
        )

    def _subject(self, context: Context) -> tuple[_Subject, str]:
        if self.agent and self.workspace:
            raise Invalid(
                "limit_subject", "A limit binds an agent or a workspace.", "Set it on one of them."
            )
        if self.agent:
            return "agent", agent_called(context, self.agent).id
        if self.workspace:
            return "workspace", workspace_called(context, self.workspace).id
        return "organization", context.organization_id


def _read(text: str) -> tuple[int, _Measure, _Period]:
    """Amount, measure and period of a text of that form."""
    found = _PARTS.fullmatch(text)
    if found is None:
        raise Invalid("limit_unreadable", f"{text} is no limit.", "Such as 20usd/month.")
    number, unit, period = found.groups(default="none")
    measure = "money" if unit == "usd" else unit
    amount = micros(number) if measure == "money" else int(number)
    if amount == 0:
        raise Invalid(
            "limit_empty",
            "A limit of nothing would refuse every call.",
            "Suspend the agent instead: gatebook agent suspend --help",
        )
    return amount, cast("_Measure", measure), cast("_Period", period)
