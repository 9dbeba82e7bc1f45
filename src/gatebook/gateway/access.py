"""A line in the log for each call that has ended: what became of it, never what was said.

All that is in it is a number, an id or a word of ours; the story is in the book, under the receipt.
"""

import logging
from typing import Final

from gatebook.core.clock import Clock
from gatebook.gateway.passage import Passage
from gatebook.web.exchange import Exchange

_LOG: Final = logging.getLogger("gatebook.access")


class AccessLog:
    """Writes the lines."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def tell(self, exchange: Exchange, passage: Passage) -> None:
        """A request has ended; callers that nobody knows are only counted, as in the book."""
        if passage.principal is None:
            return
        began_us, _, sent_us, first_us, concluded_us = passage.times
        facts: dict[str, str | int] = {
            "receipt": passage.reference,
            "agent": passage.principal.agent.id,
            "operation": passage.operation,
            "status": exchange.status,
            "ending": passage.refusal or passage.ending,
            "total_ms": (self._clock.monotonic_us() - began_us) // 1000,
        }
        if sent_us:
            facts["provider_ms"] = (concluded_us - sent_us) // 1000
            facts["tokens_in"] = passage.usage.tokens_in
            facts["tokens_out"] = passage.usage.tokens_out
        if first_us:
            facts["first_byte_ms"] = (first_us - sent_us) // 1000
        _LOG.info("call", extra={"facts": facts})  # as app/log_lines.py words them
