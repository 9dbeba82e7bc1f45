"""The numbered steps of a verification while it runs; what was not reached was skipped."""

from collections.abc import Iterable, Sequence

from gatebook.ledger.report import EXIT_CODES, Outcome, Problem, Problems, Severity, Step


class Steps:
    """Takes the outcome of each step once, in any order."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.problems = Problems()
        self._titles = titles
        self._ended: dict[int, tuple[Outcome, str]] = {}

    def end(self, number: int, problems: Problems | Iterable[Problem], detail: str = "") -> None:
        """A step is done: it failed if there is a problem, otherwise it passed."""
        found = problems if isinstance(problems, Problems) else collect(problems)
        if found.count:
            plural = "s" if found.count > 1 else ""
            self._ended[number] = Outcome.FAILED, f"{found.count} problem{plural}"
        else:
            self._ended[number] = Outcome.PASSED, detail
        self.problems.extend(found)

    def skip(self, number: int, why: str) -> None:
        """A step was not done, and says why."""
        self._ended[number] = Outcome.SKIPPED, why

    def listed(self) -> list[Step]:
        """Every step in its order."""
        never = Outcome.SKIPPED, "an earlier step failed"
        ends = [self._ended.get(number, never) for number in range(1, len(self._titles) + 1)]
        return [
            Step(number=number, title=title, outcome=outcome, detail=detail)
            for number, (title, (outcome, detail)) in enumerate(
                zip(self._titles, ends, strict=True), 1
            )
        ]

    def exit_code(self) -> int:
        """0, or the code of the gravest problem."""
        for severity in Severity:
            if severity in self.problems.severities:
                return EXIT_CODES[severity]
        return 0


def collect(problems: Iterable[Problem]) -> Problems:
    """Problems of an iterable, counted."""
    found = Problems()
    for problem in problems:
        found.add(problem)
    return found
