"""Problems are counted even where they are no longer listed."""

from gatebook.ledger.report import EXIT_CODES, MAX_PROBLEMS, Problem, Problems, Severity


def many(count: int, severity: Severity = Severity.TAMPERED) -> Problems:
    """That many problems."""
    problems = Problems()
    for index in range(count):
        problems.add(Problem(code="x", detail="", severity=severity, index=index))
    return problems


def test_more_problems_than_fit_are_counted() -> None:
    problems = many(MAX_PROBLEMS + 5)
    assert (problems.count, len(problems.listed)) == (MAX_PROBLEMS + 5, MAX_PROBLEMS)


def test_taking_others_over_keeps_their_count_and_severity() -> None:
    problems = many(MAX_PROBLEMS - 1)
    problems.extend(many(MAX_PROBLEMS + 5, Severity.INCOMPLETE))
    assert (problems.count, len(problems.listed)) == (2 * MAX_PROBLEMS + 4, MAX_PROBLEMS)
    assert problems.severities == {Severity.TAMPERED, Severity.INCOMPLETE}


def test_every_severity_has_its_exit_code_the_gravest_first() -> None:
    assert [EXIT_CODES[severity] for severity in Severity] == [1, 2, 3]
