"""The command-line verbs that follow from administrative commands."""

import click
import pytest
from click.testing import CliRunner

from gatebook.app.folders import command_kinds
from gatebook.cli.orders import Duration, Noun, nouns, order_verb
from gatebook.control.command import Command

KINDS = command_kinds()
each_command = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def options_of(command: click.Command) -> dict[str, click.Parameter]:
    return {
        option: each for each in command.params for option in (*each.opts, *each.secondary_opts)
    }


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("0s", 0)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1.5h", "1 h", "1h30m", "9999999999s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


@each_command
def test_every_command_has_a_verb_with_help_and_examples(kind: type[Command]) -> None:
    about, verb = kind.verb.split()
    assert about in nouns()
    command = Noun(about).get_command(click.Context(click.Command("x")), verb)
    assert command is not None
    shown = CliRunner().invoke(command, ["--help"]).output
    assert f"gatebook {kind.verb}" in shown
    for option in ("--reason", "--idempotency-key", "--json"):
        assert option in shown


@each_command
def test_the_examples_of_a_command_can_be_typed(kind: type[Command]) -> None:
    """They are parsed, not carried out."""
    command = order_verb("verb", kind)
    known = options_of(command)
    for example in kind.examples:
        given = [word.partition("=")[0] for word in example.split() if word.startswith("--")]
        assert set(given) <= set(known), example


def test_a_secret_is_taken_from_a_file_never_from_an_argument() -> None:
    for kind in KINDS.values():
        for option in options_of(order_verb("verb", kind)):
            assert (
                option not in ("--key", "--credential", "--secret") or kind.verb == "agent revoke"
            )
    assert "--key-file" in options_of(order_verb("add", KINDS["add_provider"]))


def test_required_options_come_first_and_the_organization_last() -> None:
    names = [p.name for p in order_verb("enroll", KINDS["enroll_agent"]).params]
    assert set(names[:3]) == {"owner", "purpose", "model"}
    assert names.index("organization") > names.index("workspace")


@each_command
def test_a_reason_is_asked_for_where_one_is_needed(kind: type[Command]) -> None:
    assert options_of(order_verb("verb", kind))["--reason"].required == kind.needs_reason
