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


class _Kind(NamedTuple):
    """Findings that are told together."""

    treatment: Treatment
    kind: str
    what: str
    score: int = 0
    signals: tuple[str, ...] = ()


class Looked(NamedTuple):
    """What was found in a request or a reply, and what is done about it."""

    inspection: Inspection = Inspection()
    treated: Treated = Treated()


def treat(
    inspection: Inspection, policy: GuardPolicy, direction: Direction, region: str
) -> Treated:
    """What a policy says of all that was found, and of what could not be looked at."""
    counted: Counter[_Kind] = Counter()
    edits = []
    for finding in inspection.findings:
        treatment = policy.action(
            direction=direction,
            detector=finding.detector,
            data_class=finding.data_class,
            region=region,
        )
        counted[_Kind(treatment, "data", finding.detector)] += 1
        edit = EDITS.get(treatment.action)
        if edit is not None:
            edits.append((finding, edit))
    for part in inspection.blind:
        treatment = policy.blind(part.kind, direction=direction, region=region)
        counted[_Kind(treatment, "blind", part.kind)] += 1
    if inspection.undecoded:
        treatment = policy.blind("undecoded", direction=direction, region=region)
        counted[_Kind(treatment, "blind", "undecoded")] += inspection.undecoded
    for threat in inspection.threats:
        score = round(threat.score * 1000)
        found = policy.threat(score, usual=_USUAL, direction=direction, region=region)
        if found is not None:
            counted[_Kind(found, "threat", threat.category, score, threat.signals)] += 1
    for layer in inspection.failed:
        counted[_Kind(policy.failed, "failed", layer)] += 1
    stopping = [kind for kind in counted if kind.treatment.action in _STOPPING]
    return Treated(
        found=tuple(
            [
                Found(
                    kind=each.kind,
                    what=each.what,
                    count=count,
                    score=each.score,
                    signals=each.signals,
                    action=each.treatment.action,
                    rule=each.treatment.rule,
                )
                for each, count in sorted(counted.items(), key=_by_name)
                if each.treatment.action != "allow"
            ]
        ),
        edits=tuple(edits),
        refusal=_refusal(stopping, direction) if stopping else None,
        is_quarantined=any(kind.treatment.action == "quarantine" for kind in stopping),
    )


def _refusal(stopping: Iterable[_Kind], direction: Direction) -> GatebookError:
    """Why a call ends here: the reasons by name, the values never."""
    reasons: dict[str, list[str]] = {}
    for kind in stopping:
        reasons.setdefault(kind.kind, []).append(kind.what)
    rule = min(kind.treatment.rule for kind in stopping)
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


def _by_name(counted: tuple[_Kind, int]) -> tuple[str, str, str]:
    kind = counted[0]
    return kind.kind, kind.what, kind.treatment.rule


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
