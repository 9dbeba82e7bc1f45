"""See how far limits are used up."""

import click

from gatebook.cli.orders import Suggesting
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table


@click.group(cls=Suggesting, name="budget")
def command() -> None:
    """See how far limits are used up."""


@command.command("show")
@choose_organization
@click.option("--agent", default="", help="Only limits set on this agent, by its name.")
@as_json
@click.pass_obj
def show_budgets(session: Session, organization: str, agent: str, as_json: bool) -> None:
    """Show what is used, reserved and left of every limit, and when it begins anew.

    Reserved is what processes have set aside for calls under way or keep for the next ones. The
    figures are those of the database, which gateways tell every second.
    """
    from gatebook.app.budgets import read_budgets
    from gatebook.app.wiring import look_into
    from gatebook.core.clock import SystemClock, to_text
    from gatebook.policy.limits.bounds import amount_of, in_words

    with look_into(session.config) as database:
        budgets = [
            budget
            for budget in read_budgets(database, SystemClock())
            if organization in ("", budget.organization)
            and (not agent or (budget.limit.subject, budget.subject) == ("agent", agent))
        ]
    if as_json:
        for each in budgets:
            show_json(
                {
                    "id": each.limit.id,
                    "organization": each.organization,
                    "subject": each.limit.subject,
                    "name": each.subject,
                    "measure": each.limit.measure,
                    "period": each.limit.period,
                    "amount": each.limit.amount,
                    "used": each.used,
                    "lost": each.lost,
                    "reserved": each.reserved,
                    "left": each.left,
                    "resets_at": to_text(each.resets_us) if each.resets_us else None,
                }
            )
        return
    show_table(
        ("subject", "name", "limit", "used", "reserved", "left", "begins anew"),
        [
            (
                each.limit.subject,
                each.subject,
                in_words(each.limit),
                *(
                    amount_of(each.limit, amount).partition(" ")[0]
                    for amount in (each.used, each.reserved, each.left)
                ),
                to_text(each.resets_us)[:16] + "Z" if each.resets_us else "steadily",
            )
            for each in budgets
        ],
        empty="There are no limits yet: gatebook limit set --help",
    )
