"""Settings of limits; table `[limits]` of gatebook.toml."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done where a limit is reached, and where a call says too little to be held to one."""

    exhausted_status: Annotated[
        Literal[429, 402],
        Meta(
            description="HTTP status once a budget is spent: 429, which SDKs raise as a rate limit"
            " and are told not to repeat, or 402, which none repeats. Bedrock's own is 400 in"
            " either case: boto3 repeats every 429."
        ),
    ] = 429
    missing_max_tokens: Annotated[
        int,
        Meta(
            ge=1,
            description="Output tokens a call asks for that names no number, where a limit on"
            " tokens or money binds it.",
        ),
    ] = 4096
    unpriced_call_micros: Annotated[
        int,
        Meta(
            ge=0,
            description="What a call counts for each answer if its price is not known, in"
            " millionths of a US dollar; 0: it is refused under a budget in money.",
        ),
    ] = 0
    unbounded_call_tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="What is set aside for a call whose input is bounded by nothing we know;"
            " 0: it is refused under a limit on tokens or money.",
        ),
    ] = 0
    lease_seconds: Annotated[
        int,
        Meta(
            ge=3,
            description="A process that was not heard of for so long loses what it had set aside,"
            " which then counts as spent.",
        ),
    ] = 30
    price_file: Annotated[
        str,
        Meta(description="Prices that come before those Gatebook ships, in the same form."),
    ] = ""
