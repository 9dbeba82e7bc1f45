"""What a call may use at most, known before it leaves, and what it has used, known after it.

A token of a byte-level vocabulary is at least one byte, so the body bounds what is read of it; to
that comes what vendors put before it (tool use costs up to some 1,200 tokens at Anthropic). Where
the body is no bound, the model's context window is; where that is none either, nothing is.
"""

from collections.abc import Collection
from typing import Any, Final, Literal, NamedTuple

import msgspec

from gatebook.core.errors import Refused
from gatebook.formats import Call, Terms, Usage
from gatebook.identity.directory import Provider
from gatebook.policy.limits.prices import Price
from gatebook.policy.limits.settings import LimitSettings
from gatebook.providers import members_known

UNSEEN_TOKENS: Final = 2048
"""Tokens that vendors may put before what is in the body."""

_MOST_TOLD: Final = 2**53 - 1
"""The largest number of the book; a provider may report any."""

_BYTES_PER_TOKEN: Final = 3
"""Text that came is taken for one token per so many bytes: English has four, other scripts less."""


_USUAL_TIERS: Final = (None, "auto", "default", "standard_only", "standard", "flex")
_USUAL_SPEEDS: Final = (None, "standard")
_USUAL_PLACES: Final = (None, "global")


class _Modes(msgspec.Struct):
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None
    tier: Any = msgspec.field(name="serviceTier", default=None)
    performance: Any = msgspec.field(name="performanceConfig", default=None)


BY_TOKENS: Final = frozenset(("tokens", "money"))
"""Measures for which it matters how much a call reads and writes."""

_FETCHED: Final = "fetch:"
"""How what a vendor fetches is named: once, and no tool that a model calls again and again."""

_NEWER: Final = "max_completion_tokens"
"""The name of the limit of output that not every server knows."""

_MODES: Final = msgspec.json.Decoder(_Modes)


class Demand(NamedTuple):
    """An amount of everything that can be limited; money in micro-units."""

    requests: int = 0
    tokens: int = 0
    money: int = 0
    concurrent: int = 0


NOTHING: Final = Demand()

_NOTHING_LEFT: Final = frozenset(("not_sent", "upstream_unreachable", "not_executed"))


class Worst(NamedTuple):
    """What a call may use at most."""

    tokens_in: int
    tokens_out: int
    money: int
    is_flat: bool = False
    """Its price is not known: it counts this much money, whatever it uses."""
    is_looped: bool = False
    """The model may read more than once, unseen: what came of the answer tells little."""

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.tokens_in + self.tokens_out

    @property
    def demand(self) -> Demand:
        """What has to be set aside for it."""
        return Demand(1, self.tokens, self.money, 1)


class Came(NamedTuple):
    """What is known of a call that is over."""

    ending: str
    status: int
    usage: Usage
    chunks: int
    text_bytes: int

    @property
    def has_left(self) -> bool:
        """Whether the provider may have got anything of it."""
        return self.ending not in _NOTHING_LEFT

    @property
    def is_error(self) -> bool:
        """Whether the provider said that the call failed.

        Not if that is another server's word, which cannot know, or broke off.
        """
        is_its_word = self.ending != "upstream_broken"
        return 400 <= self.status < 500 or (self.status >= 500 and is_its_word)


class Charge(NamedTuple):
    """What a call has used, and how that is known."""

    tokens: int = 0
    money: int = 0
    basis: Literal["", "reported", "counted", "reserved"] = ""


def fitted(call: Call, provider: Provider, settings: LimitSettings) -> Call:
    """The call with a number of output tokens in it, if it can name one and does not."""
    if call.max_tokens is not None or call.operation.meter != "tokens":
        return call
    knows = members_known(provider.dialect, provider.base_url, call.query) & {_NEWER}
    terms = Terms(max_tokens=settings.missing_max_tokens, knows=knows)
    return call.operation.format.fitted(call, terms)


def worst(
    call: Call, price: Price | None, measures: Collection[str], settings: LimitSettings
) -> Worst:
    """What a call may use at most of what is limited; raises Refused if nothing bounds it."""
    if call.operation.meter == "free" or not BY_TOKENS & set(measures):
        return Worst(0, 0, 0)
    if "money" in measures and not _is_priced(call, price):
        return _flat(call, measures, settings)
    tokens_in, tokens_out = _input(call, price, settings), _output(call, settings)
    money = None
    if "money" in measures and price is not None:
        money = price.most(tokens_in, tokens_out)
        if money is None:  # longer than any price is for
            return _flat(call, measures, settings)
    return Worst(tokens_in, tokens_out, money or 0, is_looped=_is_looped(call))


def charge(came: Came, most: Worst | None, price: Price | None) -> Charge:
    """What a call has used; `most` is what was set aside for it, None if nothing was.

    What nobody counted is charged as it was set aside; a call of which nothing left, or that the
    provider answered with an error, has used nothing.
    """
    if not came.has_left or came.is_error:
        return Charge()
    if came.ending == "complete" and (came.usage.tokens_in or came.usage.tokens_out):
        return _charged(came.usage, most, price, "reported")
    if most is None or most.tokens + most.money == 0:
        return Charge()
    if came.chunks and price is not None and not price.hides_output and not most.is_looped:
        return _charged(_counted(came, most), most, price, "counted")
    return Charge(most.tokens, most.money, "reserved")


def _is_priced(call: Call, price: Price | None) -> bool:
    """Whether the price is what the vendor takes: of text, in no mode that is dearer than listed.

    OpenAI's `priority` and Anthropic's `fast` cost several times as much, a region a tenth more;
    Google and Amazon have such modes by other names.
    """
    if price is None or call.operation.meter == "other" or call.is_priced_apart:
        return False
    try:
        asked = _MODES.decode(call.body)
    except msgspec.DecodeError:
        return False
    return (
        asked.service_tier in _USUAL_TIERS
        and _of(asked.tier, "type") in _USUAL_TIERS
        and _of(asked.performance, "latency") in _USUAL_SPEEDS
        and asked.speed in _USUAL_SPEEDS
        and asked.inference_geo in _USUAL_PLACES
    )


def _of(asked: object, member: str) -> object:
    """What is asked for by a name, or by the member of an object that has it."""
    return asked.get(member) if isinstance(asked, dict) else asked


def _flat(call: Call, measures: Collection[str], settings: LimitSettings) -> Worst:
    """What the operator says to count for an answer without a price; raises Refused if nothing."""
    if not settings.unpriced_call_micros:
        raise Refused(
            "price_unknown",
            f"The agent has a budget in money, and nobody has said what {_what(call)} costs.",
            "Have its price set: gatebook price set --help",
            rule="limits.price",
        )
    tokens = (0, 0)
    if "tokens" in measures:
        tokens = (_input(call, None, settings), _output(call, settings))
    money = settings.unpriced_call_micros * call.choices
    return Worst(*tokens, money, is_flat=True, is_looped=_is_looped(call))


def _charged(
    usage: Usage, most: Worst | None, price: Price | None, basis: Literal["reported", "counted"]
) -> Charge:
    money = None if most and most.is_flat else price.cost(usage) if price else None
    if money is None:
        money = most.money if most else 0
    return Charge(
        min(usage.tokens_in + usage.tokens_out, _MOST_TOLD), min(money, _MOST_TOLD), basis
    )


def _counted(came: Came, most: Worst) -> Usage:
    """What came of a stream before it ended early; what it was asked is taken as set aside."""
    seen = max(came.chunks, -(-came.text_bytes // _BYTES_PER_TOKEN), came.usage.tokens_out)
    return Usage(
        tokens_in=came.usage.tokens_in or most.tokens_in,
        tokens_out=min(seen, most.tokens_out),
        cache_read=came.usage.cache_read,
        cache_written=came.usage.cache_written,
    )


def _input(call: Call, price: Price | None, settings: LimitSettings) -> int:
    """A bound on the tokens that are read; raises Refused if there is none.

    Tools that the vendor runs are a loop: what each of them says is read, and paid for, once more.
    """
    if call.operation.meter == "tokens" and not _is_looped(call):
        if call.is_text and call.state != "asked":
            return len(call.body) + UNSEEN_TOKENS
        if price is not None and price.context_window:
            return price.context_window
    return settings.unbounded_call_tokens or _refuse(call)


def _is_looped(call: Call) -> bool:
    return call.is_repeated or not all(each.startswith(_FETCHED) for each in call.hosted_tools)


def _output(call: Call, settings: LimitSettings) -> int:
    if call.max_tokens is None:
        return settings.unbounded_call_tokens or _refuse(call)
    return call.max_tokens * call.choices


def _refuse(call: Call) -> int:
    raise Refused(
        "usage_unbounded",
        f"A limit binds the agent, and nothing says how much {_what(call)} may use at most.",
        "Send content instead of references, without tools of the vendor's, and name max_tokens; "
        "or have `limits.unbounded_call_tokens` set.",
        rule="limits.bound",
    )


def _what(call: Call) -> str:
    return f"a call of {call.operation.name}" + (f" to {call.model}" if call.model else "")
