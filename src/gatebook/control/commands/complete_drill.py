"""Record how a drill of the kill switch went."""

from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Command, Context, Outcome
from gatebook.core.errors import Conflict, NotFound
from gatebook.identity.directory import Stop
from gatebook.ledger.events.drill import DrillCompleted


class CompleteDrill(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rehearse the kill switch: a stop that is about nobody goes to every gate, and each answers.

    No call is cut or refused.
    """

    verb: ClassVar[str] = "drill kill-switch"
    says: ClassVar[str] = "The drill {stop} is over: {result}."
    examples: ClassVar[tuple[str, ...]] = ("drill kill-switch",)

    stop: Annotated[str, Meta(description="Id of the stop that was sent.")]
    goal_ms: Annotated[int, Meta(description="Time in which gates have to answer.", ge=1)]
    answers: Annotated[
        dict[str, int], Meta(description="Milliseconds each gateway needed, by its name.")
    ]
    missing: Annotated[
        tuple[str, ...], Meta(description="Names of gateways that run and did not answer.")
    ]

    def change(self, context: Context) -> Outcome:
        """The stop is over with its result; it passed if all answered, and in time.

        An answer from before the order tells of a clock and not of a time.
        """
        found = context.records.find(Stop, id=self.stop)
        if not found or found[0].kind != "drill":
            raise NotFound("drill_unknown", f"There is no drill {self.stop}.")
        if found[0].status == "released":
            raise Conflict("drill_completed", f"The drill {self.stop} is over.")
        in_time = all(0 <= delay_ms <= self.goal_ms for delay_ms in self.answers.values())
        passed = bool(self.answers) and not self.missing and in_time
        over = msgspec.structs.replace(found[0], status="released", released_at=context.now_us)
        return Outcome(
            event=partial(
                DrillCompleted,
                object=self.stop,
                passed=passed,
                goal_ms=self.goal_ms,
                answers=self.answers,
                missing=list(self.missing),
            ),
            saves=(over,),
            answer={"stop": self.stop, "result": "passed" if passed else "failed"},
        )
