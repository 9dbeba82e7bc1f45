"""What a benchmark writes into a page, and what it leaves alone."""

import pytest

from bench.pages import marks, replaced, table
from gatebook.core.errors import Misconfigured


def test_only_the_part_between_the_marks_of_the_command_is_replaced() -> None:
    begin, end = marks("make bench")
    other = "\n".join([*marks("python -m bench.stops")])
    text = f"# Performance\n\nby hand\n\n{begin}\nold figures\n{end}\n\nalso by hand\n{other}\n"
    written = replaced(text, "make bench", "new figures")
    assert written.startswith(f"# Performance\n\nby hand\n\n{begin}\n")
    assert written.endswith(f"{end}\n\nalso by hand\n{other}\n")
    assert "old figures" not in written
    assert "new figures" in written
    assert replaced(written, "make bench", "new figures") == written


def test_a_page_without_marks_is_refused_rather_than_overwritten() -> None:
    with pytest.raises(Misconfigured, match="marks"):
        replaced("# Performance\n", "make bench", "figures")


def test_a_table_reads_well_unrendered() -> None:
    assert table(["a", "longer"], [["wide cell", "1"]]) == [
        "| a         | longer |",
        "| --------- | ------ |",
        "| wide cell | 1      |",
    ]
    assert table(["a"], []) == []
