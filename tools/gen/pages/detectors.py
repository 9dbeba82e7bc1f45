"""Every detector of data, by the class under which policy knows it."""

from importlib.resources import files
from itertools import groupby

from gatebook.guard.checks import CHECKS
from gatebook.guard.pack import Detector, read_pack
from tools.gen.markdown import code, table

PATH = "docs/reference/detectors.md"

_INTRODUCTION = """\
# Detectors of data

There are {count} detectors, each a file in `src/gatebook/guard/detectors`.
It holds the patterns, where their shape is published, and cases: what has to be found and what not.
A pattern proposes; where a word has to stand near, or a check exists, they decide.
"Sure" is how sure a detector is of what it finds.
Of two that overlap, the surer is told, then the longer.
"""


def page() -> str:
    """One section per class, and what the checks look at."""
    folder = files("gatebook.guard").joinpath("detectors")
    read = {f"detectors/{file.name}": file.read_text() for file in folder.iterdir()}
    detectors = sorted(
        read_pack(read).detectors.items(), key=lambda item: (item[1].data_class, item[0])
    )
    parts = [_INTRODUCTION.format(count=len(detectors))]
    for data_class, group in groupby(detectors, key=lambda item: item[1].data_class):
        head = ["detector", "what it finds", "words near", "check", "sure", "published"]
        parts.append(f"## {data_class}\n\n{table(head, [_row(*each) for each in group])}")
    checks = [
        (code(name), (check.__doc__ or "").partition("\n")[0]) for name, check in CHECKS.items()
    ]
    parts.append("## Checks\n\n" + table(["check", "what is real"], checks))
    return "\n".join(parts)


def _row(name: str, detector: Detector) -> tuple[str, ...]:
    site = detector.source.split("/")[2]
    return (
        code(name),
        detector.says,
        ", ".join(detector.near),
        code(detector.check),
        f"{detector.score:g}",
        f"[{site}]({detector.source})",
    )
