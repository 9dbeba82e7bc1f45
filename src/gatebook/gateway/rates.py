"""Tells an agent what is left of its limits per minute, in the headers that SDKs and people know.

Both families are sent, as both names of a request are: `x-ratelimit-*` as OpenAI's API reference
has them, `anthropic-ratelimit-*` as Anthropic's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gatebook.core.clock import SECOND_US, to_text
from gatebook.policy.limits.bounds import MINUTE_US, Bound
from gatebook.web.problem import Headers

_FIELDS: Final = ("limit", "remaining", "reset")
_NAMES: Final = {
    measure: (
        *(f"x-ratelimit-{field}-{measure}".encode() for field in _FIELDS),
        *(f"anthropic-ratelimit-{measure}-{field}".encode() for field in _FIELDS),
    )
    for measure in ("requests", "tokens")
}


def rates(
    buckets: Mapping[str, Sequence[Bound]], left_of: Callable[[Bound], int], now_us: int
) -> Headers:
    """Headers about the tightest limit per minute of each measure; none where there is none."""
    headers: Headers = []
    for measure, names in _NAMES.items():
        found = [(left_of(bound), bound.limit.amount) for bound in buckets.get(measure, ())]
        if found:
            left, amount = min(found)
            full_us = -(-(amount - left) * MINUTE_US // amount)
            headers += zip(names, _values(amount, left, full_us, now_us), strict=True)
    return headers


def _values(amount: int, left: int, full_us: int, now_us: int) -> list[bytes]:
    limit, remaining = b"%d" % amount, b"%d" % left
    # RFC 3339 to the second, as Anthropic writes it.
    full_at = to_text(now_us + full_us + SECOND_US - 1)[:19].encode() + b"Z"
    return [limit, remaining, b"%dms" % (full_us // 1000), limit, remaining, full_at]
