"""One word, one meaning: the glossary has the words of the house, and the code uses each once."""

import ast
import re
from collections import Counter

from tests.architecture.program import ROOT, python_files

# docs/decisions: a word is added here when it gets a meaning, and never given a second one.
WORDS = [
    "Principal",
    "Agent",
    "Scope",
    "Grant",
    "Call",
    "Finding",
    "Decision",
    "Permit",
    "Refused",
    "Receipt",
    "Entry",
    "Stream",
    "Checkpoint",
    "Event",
    "Signal",
    "Alert",
    "Incident",
    "Control",
    "Assessment",
    "Evidence",
    "Sink",
    "Rule",
    "Case",
]

LISTED = re.findall(
    r"^\| ([A-Z]\w+) \| .*\.(?: |$).*\|$",
    (ROOT / "docs/reference/glossary.md").read_text(),
    re.MULTILINE,
)


def test_every_word_of_the_house_is_listed_once() -> None:
    assert set(WORDS) <= set(LISTED)
    assert [word for word, times in Counter(LISTED).items() if times > 1] == []


def test_a_class_with_a_listed_name_exists_once() -> None:
    defined = Counter(
        node.name
        for tree in python_files("src").values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert [word for word in LISTED if defined[word] > 1] == []
