"""Settings of the book; table `[ledger]` of gatebook.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the book is kept."""

    origin: Annotated[
        str,
        Meta(
            pattern=r"\A[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z",
            max_length=200,
            description="Name before every log's name; a host name of yours makes it unique.",
        ),
    ] = "gatebook.local"
    queue_limit: Annotated[
        int, Meta(ge=1, description="Entries that may wait to be written before calls are refused.")
    ] = 4096
    batch_limit: Annotated[
        int, Meta(ge=1, le=4096, description="Entries that share one commit at most.")
    ] = 256
    append_timeout_seconds: Annotated[
        int, Meta(ge=1, description="Wait for an entry to be durable before a call is refused.")
    ] = 5
    heartbeat_seconds: Annotated[
        int, Meta(ge=1, description="Interval at which an open stream says that it lives.")
    ] = 60
    checkpoint_seconds: Annotated[
        int, Meta(ge=1, description="Interval of signed checkpoints, kept even when idle.")
    ] = 5
    stall_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="Calls are refused once an entry of the gate waits so long for the notary's"
            " signature; more than checkpoint_seconds, and better far more. The longest time for"
            " which whoever can write the database alone can still make entries vanish.",
        ),
    ] = 300
