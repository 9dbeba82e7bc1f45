"""Every kind of event, one class each, one file per subject.

An event is a thin fact: enumerated values, identifiers, numbers and salted commitments; never free
text, never personal data. What a class says of itself is all that references and exporters use.
"""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta


class Commitment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Binds an entry to a body kept elsewhere without revealing or fixing it for ever.

    The salt of `c` lies inside the sealed body (or is derived from a shreddable key), so destroying
    the key leaves nothing that could be guessed against.
    """

    c: Annotated[str, Meta(description="HMAC-SHA-256(salt, plaintext), base64")]
    n: Annotated[int, Meta(description="plaintext length in bytes")]
    h: Annotated[
        str, Meta(description="SHA-256 of the sealed body, base64; absent if not kept")
    ] = ""
    k: Annotated[str, Meta(description="id of the data key that sealed the body or the salt")] = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Root of all events: `name` is `subject.action` in the past tense and never reused."""

    name: ClassVar[str]
    ocsf_class: ClassVar[int]
    controls: ClassVar[tuple[str, ...]]

    @classmethod
    def example(cls) -> Self:
        """A realistic value, shown in the reference and held against the golden JSON."""
        raise NotImplementedError


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it, as authenticated by us; never as named by the caller."""

    kind: Annotated[str, Meta(description="local_operator | person | agent | system")]
    id: Annotated[
        str, Meta(description="principal id, or keyed pseudonym of an operating-system user")
    ]


class Change(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Root of administrative events; values before and after are in the sealed body."""

    actor: Annotated[Actor, Meta(description="who made the change")]
    object: Annotated[str, Meta(description="id of the thing that changed")]
    body: Annotated[Commitment, Meta(description="commits to reason, values before and after")]


EXAMPLE_ACTOR = Actor(kind="local_operator", id="op_7c9KxYb2mQ4tRz")
EXAMPLE_BODY = Commitment(
    c="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=",
    n=612,
    h="qqlAJmTxpB9A67xSyZk+tmrrNmYClY/fqig7ceZNsSM=",
    k="dek_4rT8yU1iO5pA9sD3fG7hJ2",
)
