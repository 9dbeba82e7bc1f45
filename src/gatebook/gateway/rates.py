"""Tells an agent what is left of its limits per minute, in the headers that SDKs and people know.

Both families are sent, as both names of a request are: `x-ratelimit-*` as OpenAI's API reference
has them, `anthropic-ratelimit-*` as Anthropic's.
"""

from collections.abc import Callable, Sequence
from typing import Final

from gatebook.core.clock import SECOND_US, to_text
from gatebook.policy.limits import MINUTE_US, Bound
from gatebook.web.problem import Headers

_TOLD: Final = ("requests", "tokens")


def rates(bounds: Sequence[Bound], left_of: Callable[[Bound], int], now_us: int) -> Headers:
    """Headers about the tightest limit per minute of each measure; none where there is none."""
    headers: Headers = []
    for measure in _TOLD:
        found = [
            (left_of(bound), bound.limit.amount)
            for bound in bounds
            if bound.is_bucket and bound.limit.measure == measure
        ]
        if found:
            left, amount = min(found)
            full_us = -(-(amount - left) * MINUTE_US // amount)
            headers += _told(measure, amount, left, full_us, now_us)
    return headers


def _told(measure: str, amount: int, left: int, full_us: int, now_us: int) -> Headers:
    values = {"limit": str(amount), "remaining": str(left)}
    openai = {**values, "reset": f"{full_us // 1000}ms"}
    # RFC 3339 to the second, as Anthropic writes it.
    anthropic = {**values, "reset": to_text(now_us + full_us + SECOND_US - 1)[:19] + "Z"}
    return [
        *(
            (f"x-ratelimit-{name}-{measure}".encode(), value.encode())
            for name, value in openai.items()
        ),
        *(
            (f"anthropic-ratelimit-{measure}-{name}".encode(), value.encode())
            for name, value in anthropic.items()
        ),
    ]
