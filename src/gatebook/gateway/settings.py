"""Settings of the gate; tables `[gateway]`, `[upstream]` and `[memory]` of gatebook.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gate listens, how much it takes and how long it waits."""

    host: Annotated[str, Meta(description="Address the gate listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port; 0 takes a free one.")] = 8484
    connection_limit: Annotated[
        int, Meta(ge=1, description="Connections of agents at one time.")
    ] = 1000
    body_limit_bytes: Annotated[
        int, Meta(ge=1024, description="Largest request body of a known agent.")
    ] = 10 * 1024 * 1024
    reply_limit_bytes: Annotated[int, Meta(ge=1024, description="Largest reply of a provider.")] = (
        64 * 1024 * 1024
    )
    head_seconds: Annotated[
        int, Meta(ge=1, description="Wait for the complete head of a request.")
    ] = 10
    body_seconds: Annotated[
        int, Meta(ge=1, description="Wait for the complete body of a request.")
    ] = 60
    connect_seconds: Annotated[
        int, Meta(ge=1, description="Wait for a connection to a provider.")
    ] = 10
    first_byte_seconds: Annotated[
        int, Meta(ge=1, description="Wait for a provider's reply to begin.")
    ] = 300
    silence_seconds: Annotated[
        int, Meta(ge=1, description="Wait for the next part of a reply that has begun.")
    ] = 120
    total_seconds: Annotated[int, Meta(ge=1, description="Longest time a call may be out.")] = 600
    snapshot_poll_ms: Annotated[
        int, Meta(ge=10, le=1000, description="Interval of looking for administrative changes.")
    ] = 250
    snapshot_stale_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="Calls are refused, and those under way cut, when changes could not be"
            " looked for so long.",
        ),
    ] = 30
    refusal_interval_seconds: Annotated[
        int, Meta(ge=1, description="Identical refusals are counted in one entry for so long.")
    ] = 60
    drain_seconds: Annotated[
        int, Meta(ge=0, description="Time that calls under way have to end at shutdown.")
    ] = 10

    @property
    def poll_seconds(self) -> float:
        """Interval of looking for administrative changes."""
        return self.snapshot_poll_ms / 1000


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a provider is left alone, and how often it is asked whether it is well."""

    breaker_failures: Annotated[
        int, Meta(ge=1, description="Failures in a row after which a provider is left alone.")
    ] = 5
    breaker_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="How long it is left alone at first; twice as long after each vain trial.",
        ),
    ] = 15
    probe_seconds: Annotated[
        int, Meta(ge=1, description="Interval of asking every provider whether it is well.")
    ] = 300
    probe_timeout_seconds: Annotated[
        int, Meta(ge=1, description="Wait for its answer before it counts as unwell.")
    ] = 10
    history_days: Annotated[
        int,
        Meta(
            ge=1,
            description="How long the figures on providers, and on periods of limits, are kept.",
        ),
    ] = 400


class MemorySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much all calls of the gate hold together."""

    bodies_limit_bytes: Annotated[
        int,
        Meta(
            ge=1024,
            description="Request bodies and whole replies of all calls that are held at one time,"
            " as received. Requests leave room for a reply of gateway.reply_limit_bytes; no less"
            " than that and gateway.body_limit_bytes together. What is made of them counts no"
            " more, so the peak of the memory is a small multiple. Of a stream no more is held"
            " than an event and what sockets take.",
        ),
    ] = 256 * 1024 * 1024
