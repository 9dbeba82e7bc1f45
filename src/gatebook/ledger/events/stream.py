"""The life of a stream: opened with a certified key, alive at intervals, closed on purpose."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change, Event


class Predecessor(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry of the stream that the same writer kept before."""

    sid: Annotated[str, Meta(description="stream id")]
    sq: Annotated[int, Meta(description="its last sequence number")]
    leaf: Annotated[str, Meta(description="leaf hash of its last entry, base64")]


class StreamOpened(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A writer process began a stream with a fresh key that the notary certified."""

    name: ClassVar[str] = "stream.opened"
    ocsf_class: ClassVar[int] = 6002  # Application Lifecycle
    controls: ClassVar[tuple[str, ...]] = ("CC7.2", "CC7.3")

    writer: Annotated[str, Meta(description="role of the writer: gateway, gateway.2 … | cli")]
    certificate: Annotated[str, Meta(description="signed note of the notary over the stream's key")]
    boot: Annotated[str, Meta(description="boot epoch: random id of this process's life")]
    version: Annotated[str, Meta(description="version of Gatebook that writes")]
    predecessor: Annotated[
        Predecessor | None, Meta(description="absent when this writer never wrote before")
    ] = None

    @classmethod
    def example(cls) -> Self:
        """A gateway's stream after a restart."""
        return cls(
            writer="gateway",
            certificate="gatebook.dev/stream-key/v1\nlog.example/acme\n...",
            boot="4kXq0ZtTn1mHcVw8",
            version="0.1.0",
            predecessor=Predecessor(
                sid="s9f2Kq81LmZ0a", sq=4711, leaf="GXbqL4X3cZ0m1u3yBfPVmC9p0uGWRGvJ6y4wY0i3c9M="
            ),
        )


class StreamBeat(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A stream is alive. Its counters must not go back; nothing compares them with the entries."""

    name: ClassVar[str] = "stream.beaten"
    ocsf_class: ClassVar[int] = 6002
    controls: ClassVar[tuple[str, ...]] = ("CC7.2",)

    counts: Annotated[
        dict[str, int], Meta(description="counters since boot, from outside the writer")
    ]

    @classmethod
    def example(cls) -> Self:
        """A gateway's minute."""
        return cls(counts={"http_requests": 1204, "intents": 1180, "unidentified": 3})


class StreamClosed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A stream ended on purpose; its private key is destroyed once this entry is durable."""

    name: ClassVar[str] = "stream.closed"
    ocsf_class: ClassVar[int] = 6002
    controls: ClassVar[tuple[str, ...]] = ("CC7.2", "CC6.1")

    reason: Annotated[str, Meta(description="shutdown | key_age")]
    final: Annotated[int, Meta(description="the sequence number of this entry, the last one")]

    @classmethod
    def example(cls) -> Self:
        """An orderly shutdown."""
        return cls(reason="shutdown", final=4712)


class GapDeclared(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Entries of a stream are known to be lost, and somebody answers for saying so."""

    name: ClassVar[str] = "gap.declared"
    ocsf_class: ClassVar[int] = 6002
    controls: ClassVar[tuple[str, ...]] = ("CC7.3", "CC7.4")

    sid: Annotated[str, Meta(description="stream that lost entries")]
    first: Annotated[int, Meta(description="first sequence number lost")]
    last: Annotated[int, Meta(description="last sequence number lost")]
    cause: Annotated[str, Meta(description="restore | disk_loss | corruption")]

    @classmethod
    def example(cls) -> Self:
        """Three entries lost with a disk."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="s9f2Kq81LmZ0a",
            sid="s9f2Kq81LmZ0a",
            first=4710,
            last=4712,
            cause="disk_loss",
            body=EXAMPLE_BODY,
        )
