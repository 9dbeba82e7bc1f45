"""What limits are held with: this process's leases, and the price tables of the installation."""

import asyncio
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Final

from gatebook.app.followers import Step
from gatebook.core.clock import Clock
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import Entropy, new_id
from gatebook.policy import limits
from gatebook.policy.limits.prices import PriceTable, read_table
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import Database
from gatebook.storage.leases import SqlLeases
from gatebook.storage.now import now_us

_FORGET_SECONDS: Final = 3600


def open_leases(
    database: Database, settings: LimitSettings, *, clock: Clock, entropy: Entropy
) -> SqlLeases:
    """What this process leases, under a name that no other process has.

    Who shares a PostgreSQL server goes by its time; who shares a file is on one machine.
    """
    return SqlLeases(
        database,
        new_id("hld", entropy),
        now_us=(lambda _: clock.now_us()) if database.is_sqlite else now_us,
        lease_seconds=settings.lease_seconds,
    )


def steps_of(leases: SqlLeases, history_days: int) -> dict[str, Step]:
    """What is done about limits again and again, beside the gate."""
    forget = partial(asyncio.to_thread, leases.forget, history_days)
    return {"forgetting periods of limits": Step(forget, _FORGET_SECONDS)}


def price_tables(own: str) -> list[PriceTable]:
    """The tables in the order in which they are asked; raises Misconfigured.

    `own` is a file that comes before the one that is shipped; empty: there is none.
    """
    shipped = read_table(files(limits).joinpath("prices.toml").read_text("utf-8"))
    if not own:
        return [shipped]
    try:
        text = Path(own).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            "price_file",
            f"The price file {own} cannot be read: {error}.",
            "It is named by `limits.price_file`.",
        ) from None
    return [read_table(text), shipped]
