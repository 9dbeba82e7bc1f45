"""A step passed, failed or was skipped, and never anything in between."""

import pytest

from gatebook.ledger.report import Outcome, Problem, Severity
from gatebook.ledger.steps import Steps


def problem(severity: Severity = Severity.TAMPERED) -> Problem:
    """A problem."""
    return Problem(code="x", detail="", severity=severity)


def test_a_step_that_was_not_reached_was_skipped() -> None:
    steps = Steps(["first", "second"])
    steps.end(1, [problem()])
    assert [step.outcome for step in steps.listed()] == [Outcome.FAILED, Outcome.SKIPPED]
    assert steps.listed()[1].detail == "an earlier step failed"


def test_a_step_without_problems_passed_and_says_what_it_saw() -> None:
    steps = Steps(["only"])
    steps.end(1, [], "12 entries")
    (step,) = steps.listed()
    assert (step.number, step.title, step.outcome, step.detail) == (
        1,
        "only",
        Outcome.PASSED,
        "12 entries",
    )
    assert steps.exit_code() == 0


def test_a_skipped_step_says_why_and_is_no_failure() -> None:
    steps = Steps(["only"])
    steps.skip(1, "none was given")
    assert steps.listed()[0].outcome == Outcome.SKIPPED
    assert steps.exit_code() == 0


@pytest.mark.parametrize(
    ("severities", "code"),
    [
        ([Severity.INCOMPLETE], 2),
        ([Severity.CANNOT_CHECK], 3),
        ([Severity.CANNOT_CHECK, Severity.INCOMPLETE], 2),
        ([Severity.CANNOT_CHECK, Severity.INCOMPLETE, Severity.TAMPERED], 1),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_problem(
    severities: list[Severity], code: int
) -> None:
    steps = Steps(["first", "second"])
    steps.end(1, map(problem, severities))
    steps.end(2, [])
    assert steps.exit_code() == code
