"""How much of the data in labelled texts the detectors find, and how often they are wrong.

`python -m bench.guard.data FOLDER` reads `secrets.jsonl.gz` and `pii.jsonl.gz` of the folder:
objects with `text`, `kind` and `spans` of `start`, `end` and `type`. A third of the kinds, chosen
by a hash of their names, is counted apart: nobody looks at those while detectors are written.
"""

import gzip
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec

from bench.figures import percentile
from gatebook.guard.data import Found, data_in
from gatebook.guard.engine import Engine
from gatebook.guard.pack import Pack, read_pack

_PERSONAL = frozenset(("personal", "financial", "government_id", "health", "network", "location"))
_NOT_TOLD_BY_SHAPE = frozenset(("PERSON",))
_ROUNDS = 400


class Span(msgspec.Struct, frozen=True):
    """Where something stands, and what it is."""

    start: int
    end: int
    type: str


class Sample(msgspec.Struct, frozen=True):
    """A text in which what is to be found is known."""

    text: str
    kind: str
    spans: tuple[Span, ...]


class Guard:
    """The detectors that ship, ready to run."""

    def __init__(self) -> None:
        folder = files("gatebook.guard").joinpath("detectors")
        self.pack: Pack = read_pack(
            {f"detectors/{file.name}": file.read_text() for file in folder.iterdir()}
        )
        patterns = self.pack.patterns
        self._engine = Engine(
            [pattern.text for pattern in patterns],
            heralds=[pattern.herald for pattern in patterns],
        )

    def found(self, text: str) -> list[Found]:
        """All data in a text."""
        return data_in(self.pack, self._engine, text).found


def main(arguments: Sequence[str]) -> int:
    """Print what was found of each kind; with `-v` also what was missed or is none."""
    folder, told = Path(arguments[0]), "-v" in arguments
    guard = Guard()
    for name, count in (("secrets", count_secrets), ("pii", count_personal)):
        samples = read(folder / f"{name}.jsonl.gz")
        for aside in (False, True):
            print(f"\n{name}, {'set aside' if aside else 'open'}")
            count(guard, [each for each in samples if is_aside(each) == aside], told and not aside)
    measure(guard, [each.text for each in read(folder / "secrets.jsonl.gz")])
    return 0


def read(path: Path) -> list[Sample]:
    """The samples in a file."""
    with gzip.open(path) as lines:
        return [msgspec.json.decode(line, type=Sample) for line in lines]


def is_aside(sample: Sample) -> bool:
    """Whether its kind, or for locales its template, is of the third that is not looked at."""
    name = sample.kind
    if re.fullmatch("[a-z]{2}_[A-Z]{2}|neg", name):
        name += ":" + _template(sample)
    return sha256(name.encode()).digest()[0] % 3 == 0


def count_secrets(guard: Guard, samples: Iterable[Sample], told: bool) -> None:
    """By kind: texts whose secret was found, or in which something was that is none."""
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for sample in samples:
        found = [each for each in guard.found(sample.text) if each.data_class == "secret"]
        hit = any(_covers(each, span) for each in found for span in sample.spans)
        good = hit if sample.spans else not found
        kind = ("secret " if sample.spans else "clean ") + sample.kind
        of[kind] += 1
        right[kind] += good
        if told and not good:
            print(
                "   ",
                kind,
                [(each.detector, _cut(sample, each)) for each in found],
                repr(sample.text[:160]),
            )
    for what, is_secret in (("secret", True), ("clean", False)):
        kinds = [kind for kind in of if kind.startswith(what)]
        for kind in sorted(kinds):
            if right[kind] < of[kind]:
                print(f"  {kind}: {right[kind]} of {of[kind]} right")
        whole = sum(of[kind] for kind in kinds)
        share = sum(right[kind] for kind in kinds) / max(1, whole)
        print(f"  {what}: {share if is_secret else 1 - share:.4f} of {whole} flagged")


def count_personal(guard: Guard, samples: Iterable[Sample], told: bool) -> None:
    """By type and locale: spans that were found; findings that are none; clean texts flagged."""
    spans: defaultdict[str, list[bool]] = defaultdict(list)
    wrong: Counter[str] = Counter()
    findings = clean = flagged = 0
    for sample in samples:
        found = [each for each in guard.found(sample.text) if each.data_class in _PERSONAL]
        for span in sample.spans:
            if span.type not in _NOT_TOLD_BY_SHAPE:
                hit = any(_covers(each, span) for each in found)
                spans[f"{span.type} {sample.kind}"].append(hit)
                if told and not hit:
                    print(
                        "    missed",
                        span.type,
                        repr(sample.text[span.start : span.end]),
                        "|",
                        sample.text,
                    )
        for each in found:
            findings += 1
            if not any(_covers(each, span) for span in sample.spans):
                wrong[each.detector] += 1
                if told:
                    print("    wrong", each.detector, _cut(sample, each), "|", sample.text)
        clean += not sample.spans
        flagged += bool(not sample.spans and found)
    for kind, hits in sorted(spans.items()):
        if not all(hits):
            print(f"  {kind}: {sum(hits)} of {len(hits)}")
    every = [hit for hits in spans.values() for hit in hits]
    print(f"  recall {sum(every) / max(1, len(every)):.4f} of {len(every)}")
    right = 1 - wrong.total() / max(1, findings)
    print(f"  precision {right:.4f} of {findings}, wrong: {dict(wrong)}")
    print(f"  clean texts flagged {flagged / max(1, clean):.4f} of {clean}")


def measure(guard: Guard, texts: Sequence[str]) -> None:
    """Microseconds for texts that were not seen before."""
    whole = "\n".join(texts)
    print()
    for size in (1_000, 8_000):
        taken = []
        for place in range(_ROUNDS):
            start = (place * 7919) % (len(whole) - size)
            text = whole[start : start + size]
            before = time.thread_time_ns()
            guard.found(text)
            taken.append((time.thread_time_ns() - before) / 1000)
        taken.sort()
        p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
        print(f"{size} characters: p50 {p50:.0f} us, p99 {p99:.0f} us")


def _covers(found: Found, span: Span) -> bool:
    return found.start < span.end and span.start < found.end


def _cut(sample: Sample, found: Found) -> str:
    return sample.text[found.start : found.end][:60]


def _template(sample: Sample) -> str:
    text = sample.text
    for span in sorted(sample.spans, key=lambda span: -span.start):
        text = f"{text[: span.start]}<{span.type}>{text[span.end :]}"
    return re.sub("[0-9]+", "0", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
