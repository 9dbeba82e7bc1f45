"""Explain why a call was permitted or refused."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.session import Session
from gatebook.cli.show import plain, show_json, show_table

if TYPE_CHECKING:
    from gatebook.app.why import Explanation


@click.command(
    epilog="""\b
Examples:
  gatebook why s9f2Kq81LmZ0a.4711
  gatebook why "$(curl -sD - ... | grep -i '^x-request-id' | cut -d' ' -f2 | tr -d '\\r')"
  gatebook why s9f2Kq81LmZ0a.4711 --json | jq .scope.models"""
)
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def command(session: Session, reference: str, as_json: bool) -> None:
    """Explain why a call was permitted or refused, by the policy that was in force then.

    REFERENCE names the entry of the call; the answer to it holds it as x-request-id. What cannot be
    told from the book is said at the end. Nothing is verified here; gatebook verify does that.
    """
    from gatebook.app.why import explain
    from gatebook.app.wiring import look_into

    with look_into(session.config) as database:
        found = explain(database, reference)
    if as_json:
        import msgspec

        show_json(msgspec.to_builtins(found))
        return
    _show(found)


def _show(found: "Explanation") -> None:
    from gatebook.policy.written import in_words

    colour = "red" if found.decision == "refused" else "green"
    click.echo(click.style(plain(_headline(found)), fg=colour, bold=True))
    show_table(("", ""), list(_facts(found)), empty="")
    if found.scope is not None:
        click.echo("\nWhat the agent might do then:\n")
        show_table(("scope", ""), list(in_words(found.scope).items()), empty="")
    if found.providers is not None:
        click.echo("\nThe providers then, in the order in which they are asked:\n")
        show_table(
            ("provider", "id", "dialect", "region", "models", "data classes"),
            [_provider(each) for each in found.providers],
            empty="There was none.",
        )
    if found.guard is not None:
        click.echo("\nWhat the guard was to do then about what it finds:\n")
        show_table(("rule", ""), list(_guarding(found.guard)), empty="")
    click.echo("\nWhat cannot be told:\n")
    for line in found.cannot_tell:
        click.echo(f"- {plain(line)}")


def _headline(found: "Explanation") -> str:
    data = found.entry.data
    agent = found.names.get(data["agent"], data["agent"])
    what = data["operation"] or "what it asked for"
    if found.decision == "refused":
        return f"Agent {agent} was refused {what}: {data['code']}."
    model = f" of {data['model']}" if data.get("model") else ""
    return f"Agent {agent} was permitted {what}{model}."


def _facts(found: "Explanation") -> Iterator[tuple[str, str]]:
    data = found.entry.data
    yield "entry", f"{found.entry.reference} of {found.log}, {found.entry.at}"
    if data.get("count", 1) > 1:
        yield "stands for", f"{data['count']} calls"
    for field in ("agent", "owner", "key", "workspace"):
        if field in data:
            yield field, _named(found, data[field])
    if data.get("streamed"):
        yield "answer", "as a stream"
    if "provider" in data:
        at = f" at {found.provider['url']}" if found.provider else ""
        yield "sent to", _named(found, data["provider"]) + at
    yield "rule", data.get("rule") or "none"
    if found.says:
        yield "", found.says
    yield "policy", data["policy"]
    if found.granted is not None:
        given = found.granted
        actor = given.data["actor"]
        yield "granted by", f"{given.event} {given.reference}, {given.at}, by {actor['id']}"
    if "inspected_by" in data:
        yield "inspected by", ", ".join(data["inspected_by"]) or "nobody"
    for each in data.get("found", ()):
        yield "found", _found(each)
    yield from _ending(found)


def _ending(found: "Explanation") -> Iterator[tuple[str, str]]:
    if found.outcome is None:
        return
    data = found.outcome.data
    yield "ended", f"{data['ending']} ({found.outcome.reference}, {found.outcome.at})"
    if data.get("status"):
        tokens = f"{data.get('tokens_in', 0)} tokens in, {data.get('tokens_out', 0)} out"
        yield "", f"the provider answered {data['status']}; {tokens}; {data.get('total_ms', 0)} ms"


def _found(finding: dict[str, Any]) -> str:
    """One line for findings of a kind: `email, 2 times: token, by grl_...`."""
    count = finding.get("count", 1)
    times = f", {count} times" if count > 1 else ""
    return f"{finding['what']}{times}: {finding['action']}, by {finding['rule']}"


def _named(found: "Explanation", id_: str) -> str:
    name = found.names.get(id_)
    return f"{name} ({id_})" if name else id_


def _guarding(guard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from gatebook.policy.written import rule_in_words

    for rule in guard["rules"]:
        whose = "agent" if rule["agent"] else "workspace" if rule["workspace"] else "organization"
        yield rule["id"], f"{rule_in_words(rule)} (of the {whose})"
    for setting, action in guard.items():
        if setting != "rules":
            yield f"guard.{setting}", str(action).lower()


def _provider(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(each["name"]),
        str(each["id"]),
        str(each["dialect"]),
        each["region"] or "unknown",
        ", ".join(each["models"]),
        ", ".join(each["data_classes"]) or "none",
    )
