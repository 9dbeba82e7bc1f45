"""The rules of tools/lint hold for every file."""

from tools.lint.__main__ import complaints
from tools.lint.source import sources


def test_no_file_breaks_a_house_rule() -> None:
    found = list(complaints(sources()))
    assert not found, "\n".join(["", *found])
