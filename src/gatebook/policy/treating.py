"""What a policy says of all that was found in a request or a reply, and what is told if it ends it.

The reasons are told by their names, the values never.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from gatebook.core.errors import GatebookError, Invalid, Unavailable
from gatebook.guard.edits import Edit
from gatebook.guard.inspect import Finding, Inspection
from gatebook.ledger.events.call import Found
from gatebook.policy.guarding import Direction, GuardPolicy, Treatment

EDITS: Final[dict[str, Edit]] = {"mask": "mask", "redact": "redact", "token": "token"}
_STOPPING: Final = ("block", "quarantine")
_USUAL: Final = 500
"""Thousandths of a score from which on a text is taken for an attack, where no rule says it."""

_REASONS: Final = {
    "data": "holds data that may not go there ({})",
    "blind": "has parts that nobody can look into ({})",
    "threat": "looks like an attack ({})",
}


class Treated(NamedTuple):
    """What is to be done about what was found."""

    found: tuple[Found, ...] = ()
    """For the record: each kind of finding, how often, what is done, by which rule."""
    edits: tuple[tuple[Finding, Edit], ...] = ()
    refusal: GatebookError | None = None
    is_quarantined: bool = False


class Looked(NamedTuple):
    """What was found in a request or a reply, and what is done about it."""

    inspection: Inspection = Inspection()
    treated: Treated = Treated()


def treat(
    inspection: Inspection, policy: GuardPolicy, direction: Direction, region: str
) -> Treated:
    """What a policy says of all that was found, and of what could not be looked at."""
    counted: Counter[tuple[str, str, int, Treatment]] = Counter()
    edits = []
    for finding in inspection.findings:
        treatment = policy.action(
            direction=direction,
            detector=finding.detector,
            data_class=finding.data_class,
            region=region,
        )
        counted["data", finding.detector, 0, treatment] += 1
        edit = EDITS.get(treatment.action)
        if edit is not None:
            edits.append((finding, edit))
    for part in inspection.blind:
        treatment = policy.blind(part.kind, direction=direction, region=region)
        counted["blind", part.kind, 0, treatment] += 1
    if inspection.undecoded:
        treatment = policy.blind("undecoded", direction=direction, region=region)
        counted["blind", "undecoded", 0, treatment] += inspection.undecoded
    for threat in inspection.threats:
        score = round(threat.score * 1000)
        found = policy.threat(score, usual=_USUAL, direction=direction, region=region)
        if found is not None:
            counted["threat", threat.category, score, found] += 1
    for layer in inspection.failed:
        counted["failed", layer, 0, policy.failed] += 1
    stopping = [key for key in counted if key[3].action in _STOPPING]
    return Treated(
        found=tuple(
            [
                Found(kind=kind, what=what, count=count, score=score, action=action, rule=rule)
                for (kind, what, score, (action, rule)), count in sorted(counted.items())
                if action != "allow"
            ]
        ),
        edits=tuple(edits),
        refusal=_refusal(stopping, direction) if stopping else None,
        is_quarantined=any(key[3].action == "quarantine" for key in stopping),
    )


def _refusal(
    stopping: Iterable[tuple[str, str, int, Treatment]], direction: Direction
) -> GatebookError:
    """Why a call ends here: the reasons by name, the values never."""
    reasons: dict[str, list[str]] = {}
    for kind, what, _, _ in stopping:
        reasons.setdefault(kind, []).append(what)
    rule = min(treatment.rule for *_, treatment in stopping)
    if "failed" in reasons:
        return Unavailable(
            "guard_failed",
            "The call could not be inspected, and goes on only when it was.",
            "The operator finds the reason in the gateway's log.",
            rule=rule,
        )
    said = [_REASONS[kind].format(", ".join(sorted(set(names)))) for kind, names in reasons.items()]
    what = "request" if direction == "request" else "reply, which is withheld,"
    return refused(f"The {what} {' and '.join(said)}.", rule=rule)


class Violation(Invalid):
    """What is said may not go on; something has to be left out."""


def refused(what: str, *, rule: str = "") -> Violation:
    """What to raise for content that may not go on."""
    return Violation(
        "content_policy_violation",
        what,
        "Leave it out, or ask an administrator to change the guard's rules.",
        rule=rule,
    )
