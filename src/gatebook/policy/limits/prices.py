"""What models cost: a table with date and source in every row, and what an organization pays.

Money is integer micro-units of US dollars, prices are for a million tokens. What has no row has no
price: nothing is guessed from a name that looks alike.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gatebook.core.errors import Misconfigured
from gatebook.formats import Usage
from gatebook.identity.directory import Directory, PriceOverride, Provider
from gatebook.policy.patterns import Patterns

CURRENCY: Final = "USD"
MILLION: Final = 1_000_000

_REMEMBERED: Final = 1000
"""Models whose price is kept; beyond it each is looked up anew."""
_MONEY: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?")


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Micro-units for a million tokens; what is read from or written to a cache is input, too."""

    input: int
    cached_input: int
    cache_write: int
    cache_write_long: int
    """What is written to a cache that lasts longer than the usual one."""
    output: int

    def cost(self, usage: Usage) -> int:
        """What tokens cost, rounded up."""
        fresh = max(0, usage.tokens_in - usage.cache_read - usage.cache_written)
        total = (
            fresh * self.input
            + usage.cache_read * self.cached_input
            + (usage.cache_written - usage.cache_written_long) * self.cache_write
            + usage.cache_written_long * self.cache_write_long
            + usage.tokens_out * self.output
        )
        return -(-total // MILLION)

    def most(self, tokens_in: int, tokens_out: int) -> int:
        """What so many tokens cost at most, whatever a cache does."""
        dearest = max(self.input, self.cached_input, self.cache_write, self.cache_write_long)
        return -(-(tokens_in * dearest + tokens_out * self.output) // MILLION)


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a model costs; `tiers` by the input tokens up to which they hold, 0 for any number."""

    tiers: tuple[tuple[int, Rates], ...]
    context_window: int = 0
    """Tokens the model can read at most; 0: not known."""
    hides_output: bool = False
    """Some of what it writes, and is paid for, is not in the reply."""

    def cost(self, usage: Usage) -> int | None:
        """What tokens cost; None if no tier is for so many."""
        rates = self._rates(usage.tokens_in)
        return rates.cost(usage) if rates else None

    def most(self, tokens_in: int, tokens_out: int) -> int | None:
        """What so many tokens cost at most; None if no tier is for so many."""
        rates = self._rates(tokens_in)
        return rates.most(tokens_in, tokens_out) if rates else None

    def _rates(self, tokens_in: int) -> Rates | None:
        for up_to, rates in self.tiers:
            if not up_to or tokens_in <= up_to:
                return rates
        return None


class PriceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a price table, as it is written: dollars for a million tokens, as text.

    Of several rows for one model, each is for the input tokens up to `up_to`.
    """

    vendor: str
    models: tuple[str, ...]
    input: str
    output: str
    cached_input: str = ""
    cache_write: str = ""
    cache_write_long: str = ""
    up_to: int = 0
    context_window: int = 0
    hides_output: bool = False
    as_of: str
    source: str

    @property
    def rates(self) -> Rates:
        """The row's prices; input that has no price of its own in a cache costs what input does."""
        written = self.cache_write or self.input
        return Rates(
            input=micros(self.input),
            cached_input=micros(self.cached_input or self.input),
            cache_write=micros(written),
            cache_write_long=micros(self.cache_write_long or written),
            output=micros(self.output),
        )


class WindowRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much models read at most, where another page says so than the one with their prices."""

    vendor: str
    models: tuple[str, ...]
    tokens: int
    as_of: str
    source: str


class PriceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows, and at which hosts their vendors are; a host may hold `*`."""

    vendors: dict[str, tuple[str, ...]]
    price: tuple[PriceRow, ...]
    window: tuple[WindowRow, ...] = ()


def read_table(text: str) -> PriceTable:
    """A price table from TOML; raises Misconfigured, saying which row is wrong."""
    try:
        table = msgspec.convert(tomllib.loads(text), PriceTable)
        for row in table.price:
            _ = row.rates
        rows: tuple[PriceRow | WindowRow, ...] = (*table.price, *table.window)
        for each in rows:
            _check(each, table)
    except ValueError as error:  # what tomllib and msgspec raise are such, too
        raise Misconfigured(
            "price_table",
            f"The price table cannot be read: {error}.",
            "`gatebook price list --json` shows what a row holds.",
        ) from None
    return table


def micros(text: str) -> int:
    """`2.50` as 2500000 micro-units; raises ValueError for what is no such number."""
    found = _MONEY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no amount such as 2.50")
    return int(found[1]) * MILLION + int((found[2] or "").ljust(6, "0"))


class Prices:
    """The prices in one state of the directory: an organization's own first, then the tables'."""

    def __init__(self, tables: Sequence[PriceTable], directory: Directory) -> None:
        self._tables = tables
        self._own = sorted(directory.prices.values(), key=precedence)
        self._found: dict[tuple[str, str], Price | None] = {}

    def of(self, provider: Provider, model: str) -> Price | None:
        """What a model costs at a provider; None if nobody has said."""
        key = (provider.id, model)
        if key in self._found:
            return self._found[key]
        price = self._agreed(provider, model) or self._listed(provider, model)
        if len(self._found) < _REMEMBERED:
            self._found[key] = price
        return price

    def _agreed(self, provider: Provider, model: str) -> Price | None:
        for own in self._own:
            if (
                own.organization_id == provider.organization_id
                and own.provider_id in ("", provider.id)
                and Patterns([own.model]).match(model)
            ):
                rates = Rates(
                    input=own.input,
                    cached_input=own.cached_input,
                    cache_write=own.cache_write,
                    cache_write_long=own.cache_write_long,
                    output=own.output,
                )
                return Price(
                    tiers=((0, rates),),
                    context_window=own.context_window,
                    hides_output=own.hides_output,
                )
        return None

    def _listed(self, provider: Provider, model: str) -> Price | None:
        host = urlsplit(provider.base_url).hostname or ""
        for table in self._tables:
            vendors = _at(table.vendors, host)
            found = [
                row
                for row in table.price
                if row.vendor in vendors and Patterns(row.models).match(model)
            ]
            windows = [
                row.tokens
                for row in table.window
                if row.vendor in vendors and Patterns(row.models).match(model)
            ]
            if found:
                return _price(found, windows)
        return None


def _check(row: PriceRow | WindowRow, table: PriceTable) -> None:
    """Raise ValueError for a row that cannot be used."""
    if row.vendor not in table.vendors:
        raise ValueError(f"no hosts are listed for {row.vendor}")


def precedence(own: PriceOverride) -> tuple[bool, bool, int]:
    """One provider before all, a name before a pattern, a longer pattern before a shorter one."""
    return (not own.provider_id, "*" in own.model, -len(own.model))


def _at(vendors: Mapping[str, tuple[str, ...]], host: str) -> set[str]:
    return {vendor for vendor, hosts in vendors.items() if Patterns(hosts).match(host)}


def _price(rows: Sequence[PriceRow], windows: Sequence[int]) -> Price:
    ordered = sorted(rows, key=lambda row: row.up_to or 2**53)
    return Price(
        tiers=tuple((row.up_to, row.rates) for row in ordered),
        context_window=max(*(row.context_window for row in rows), *windows, 0),
        hides_output=any(row.hides_output for row in rows),
    )
