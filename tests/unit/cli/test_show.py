"""What is shown cannot deceive who reads it."""

import json

import pytest

from gatebook.cli.show import plain, show_answer, show_json, show_table
from gatebook.control.apply import Answer
from gatebook.control.commands.enroll_agent import EnrollAgent
from gatebook.core.secret import Secret

ANSWER = Answer(
    command="enroll_agent",
    values={"agent": "mailer", "key_id": "k1"},
    reference="s1.4",
    shown_once=Secret("gbk_agt_live_canary"),
    steps=(
        Answer(
            command="create_organization",
            values={"organization": "default", "id": "org_1"},
            reference="s0.1",
        ),
    ),
)


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "a\rb", "a\nb", "\u202eabc", "\x9b31m"])
def test_control_characters_are_spelled_out(text: str) -> None:
    assert plain(text).isascii()
    assert plain(text).isprintable()


def test_a_table_does_not_read_markup_out_of_data(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name",), [("[bold red]x[/]",)], empty="")
    assert "[bold red]x[/]" in capsys.readouterr().out


def test_an_empty_table_is_said_on_the_other_channel(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name",), [], empty="Nothing yet.")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "Nothing yet.\n")


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"a": "ü\n"})
    assert json.loads(capsys.readouterr().out) == {"a": "ü\n"}


def test_a_new_key_is_on_standard_output_and_the_words_about_it_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_answer(EnrollAgent, ANSWER, as_json=False)
    printed = capsys.readouterr()
    assert "  gbk_agt_live_canary\n" in printed.out
    assert "this once" in printed.err
    assert "Organization default is created. (entry s0.1)" in printed.out


def test_a_program_gets_the_key_as_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(EnrollAgent, ANSWER, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["key"], answer["entry"]) == ("gbk_agt_live_canary", "s1.4")
    assert answer["steps"][0]["organization"] == "default"
