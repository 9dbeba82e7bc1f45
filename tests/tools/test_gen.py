"""Generated pages say what the program says, and notice when a file says something else."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from gatebook.core.errors import Refused
from gatebook.ledger.events.call import CallIntended
from tools.gen import __main__ as gen, markdown
from tools.gen.pages import errors, events as events_page


class Part(msgspec.Struct):
    x: int


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (str, "text"),
        (Annotated[int, Meta(ge=1)], "number"),
        (bool, "true or false"),
        (list[str], "list of text"),
        (dict[str, int], "text to number"),
        (Literal["on", "off"], "off or on"),
        (Part, "[Part](#part)"),
        (Part | None, "[Part](#part)"),
    ],
)
def test_a_type_is_said_in_words(kind: object, words: str) -> None:
    assert markdown.type_name(kind) == words


def test_a_bar_in_a_cell_does_not_split_it() -> None:
    assert markdown.table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |\n"


def test_prose_has_one_sentence_a_line() -> None:
    assert markdown.sentences("One thing.\n    Another one.") == "One thing.\nAnother one.\n"


def test_every_event_has_its_section_with_every_field() -> None:
    page = events_page.page()
    section = page[page.index("### call.intended") :].partition("###")[2]
    for field in msgspec.structs.fields(CallIntended):
        assert f"| `{field.name}` |" in section
    assert "### Commitment" in page


def test_a_failure_is_found_with_code_text_and_status() -> None:
    """From policy/permit.py: a model outside an agent's list is refused with 403."""
    section = errors.page().partition(f"## {Refused.kind}\n")[2].partition("## ")[0]
    assert "| `model_not_allowed` | 403 |" in section


def test_a_page_that_differs_is_named_with_its_first_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs/reference").mkdir(parents=True)
    monkeypatch.setattr(gen, "ROOT", tmp_path)
    assert gen.main(["--check"]) == 1
    assert gen.main([]) == 0
    assert gen.main(["--check"]) == 0
    page = tmp_path / "docs/reference/settings.md"
    page.write_text(page.read_text().replace("# Settings", "# Options"))
    (difference,) = gen.differences()
    assert "docs/reference/settings.md" in difference
    assert "-# Options" in difference
    assert "+# Settings" in difference
