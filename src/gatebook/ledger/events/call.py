"""One governed call: what was about to leave, what came back, or why it was refused."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta, Struct, field

from gatebook.ledger.events import Commitment, Event

_EXAMPLE_COMMITMENT = Commitment(
    c="3JcWk1i2b3pYQm0p0JqTqkqJd0N0b1l3c2V0c2FsdGVkIQ4=", n=1043, k="dek_1"
)


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Findings of one kind in a request or a reply, and what was done about them."""

    kind: Annotated[
        str,
        Meta(
            description=(
                "data | threat | blind (a part that nobody can look into) | failed (detectors that "
                "should have looked)"
            )
        ),
    ]
    what: Annotated[str, Meta(description="the detector, the category, or the kind of part")]
    count: Annotated[int, Meta(description="how many of them")] = 1
    score: Annotated[
        int, Meta(description="of a threat, in thousandths: flagged from 500, blocked from 900")
    ] = 0
    signals: Annotated[
        tuple[str, ...], Meta(description="of a threat, those that counted most")
    ] = ()
    action: Annotated[
        str,
        Meta(
            description="record | mask | token | redact | block | observe | flag | quarantine",
        ),
    ]
    rule: Annotated[str, Meta(description="the guard rule that said so, or the setting")] = ""


class CallIntended(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A permitted call is about to leave; durable before the first byte does."""

    name: ClassVar[str] = "call.intended"
    ocsf_class: ClassVar[int] = 6003  # API Activity
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC6.3", "CC7.2")

    call: Annotated[str, Meta(description="id of the call, from which its salts are derived")]
    agent: Annotated[str, Meta(description="agent that calls")]
    owner: Annotated[str, Meta(description="person who answers for the agent")]
    key: Annotated[str, Meta(description="id of the agent key that was presented")]
    workspace: Annotated[str, Meta(description="workspace of the agent")]
    operation: Annotated[str, Meta(description="what is asked, such as chat.completions")]
    provider: Annotated[str, Meta(description="id of the provider it goes to")]
    model: Annotated[str, Meta(description="model asked for; empty if none is")] = ""
    streamed: Annotated[bool, Meta(description="the answer comes as a stream")] = False
    attempt: Annotated[
        int, Meta(description="how many ways were tried before: it is a fallback if there is one")
    ] = 0
    asked_operation: Annotated[str, Meta(description="of a fallback: what the agent asked")] = ""
    asked_model: Annotated[
        str, Meta(description="of a fallback: the model the agent asked for")
    ] = ""
    policy: Annotated[
        str,
        Meta(description="digests of the scope, the providers and the guard rules that decided"),
    ]
    rule: Annotated[str, Meta(description="rule that permitted it")]
    inspected_by: Annotated[
        list[str], Meta(description="detectors that saw the request; empty: not inspected")
    ]
    inspected: Annotated[
        int, Meta(description="characters of strings of the request that they saw")
    ] = 0
    found: Annotated[
        tuple[Found, ...], Meta(description="what they found, and what they could not look into")
    ] = ()
    request: Annotated[Commitment, Meta(description="commits to the body as it leaves")]
    limits: Annotated[list[str], Meta(description="ids of the limits it counts against")] = field(
        default_factory=list
    )
    reserved_tokens: Annotated[
        int, Meta(description="set aside until it is concluded: tokens read and written")
    ] = 0
    reserved_micros: Annotated[
        int, Meta(description="set aside until it is concluded: millionths of a US dollar")
    ] = 0

    @classmethod
    def example(cls) -> Self:
        """A streaming chat call."""
        return cls(
            call="pW1nZ8bq7tYkX0aR4d2m",
            agent="agt_2xV8nQmA0bLr5cYtKd9eWs",
            owner="per_7Hq3ZcT1vB6kRjM4xPn0Ly",
            key="3fK9aQ7LmZx2b",
            workspace="wsp_0aB1cD2eF3gH4iJ5kL6mN7",
            operation="chat.completions",
            provider="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            model="gpt-4o-mini",
            streamed=True,
            policy="qk5m0Qd1GmB7w6HfYt0cJ2Lx.Zb8rN4uVo1Ws9eKi3Hg5Md7P.c3Xn7Tq2Ry5Jv9Lb4Fk8Da1W",
            rule="agent.scope",
            inspected_by=["data@1f0c2e9a", "threats@1f0c2e9a.7b21d5e0"],
            inspected=912,
            found=(
                Found(
                    kind="data",
                    what="email",
                    count=2,
                    action="token",
                    rule="grl_4hB7kP2nX9cW5mZ8qT1vR6",
                ),
            ),
            request=_EXAMPLE_COMMITMENT,
            limits=["lim_5kW2mX8pR1tY6uI9oA3sD7"],
            reserved_tokens=7187,
            reserved_micros=2922,
        )


class CallConcluded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How an intended call ended: what the provider answered and what the agent was given."""

    name: ClassVar[str] = "call.concluded"
    ocsf_class: ClassVar[int] = 6003
    controls: ClassVar[tuple[str, ...]] = ("CC7.2", "PI1.4")

    call: Annotated[str, Meta(description="id of the call, as its intent names it")]
    intent: Annotated[
        int, Meta(description="sequence number of the intent, in this stream or the one before")
    ]
    agent: Annotated[str, Meta(description="agent that called")]
    ending: Annotated[
        str,
        Meta(
            description=(
                "complete | client_disconnected | upstream_unreachable | upstream_timeout | "
                "upstream_broken | too_large | not_executed (the provider said so, and the call "
                "went elsewhere) | not_sent | withheld (the guard did) | stopped | gateway_stopped "
                "| internal_error"
            )
        ),
    ]
    status: Annotated[int, Meta(description="HTTP status of the provider; 0: none came")] = 0
    received: Annotated[Commitment | None, Meta(description="commits to the provider's bytes")] = (
        None
    )
    delivered: Annotated[
        Commitment | None, Meta(description="commits to the agent's bytes, where they differ")
    ] = None
    inspected_by: Annotated[list[str], Meta(description="detectors that saw the reply")]
    inspected: Annotated[
        int, Meta(description="characters of strings of the reply that they saw")
    ] = 0
    found: Annotated[
        tuple[Found, ...], Meta(description="what they found, and what they could not look into")
    ] = ()
    tokens_in: Annotated[int, Meta(description="input tokens the provider reported")] = 0
    tokens_out: Annotated[int, Meta(description="output tokens the provider reported")] = 0
    charged_tokens: Annotated[int, Meta(description="tokens that count against limits")] = 0
    charged_micros: Annotated[
        int, Meta(description="what it cost, in millionths of a US dollar; 0 also if not known")
    ] = 0
    charged_by: Annotated[
        str,
        Meta(
            description=(
                "how that is known: reported by the provider | counted in the stream | reserved, "
                "because nobody counted; absent: nothing is charged"
            )
        ),
    ] = ""
    chunks: Annotated[int, Meta(description="events of the stream that came, if it is one")] = 0
    first_byte_ms: Annotated[int, Meta(description="from sending to the first byte")] = 0
    total_ms: Annotated[int, Meta(description="from sending to the last byte")] = 0

    @classmethod
    def example(cls) -> Self:
        """A stream that ran to its end."""
        return cls(
            call="pW1nZ8bq7tYkX0aR4d2m",
            intent=4701,
            agent="agt_2xV8nQmA0bLr5cYtKd9eWs",
            ending="complete",
            status=200,
            received=_EXAMPLE_COMMITMENT,
            inspected_by=[],
            tokens_in=21,
            tokens_out=340,
            charged_tokens=361,
            charged_micros=208,
            charged_by="reported",
            chunks=343,
            first_byte_ms=212,
            total_ms=4180,
        )


class CallRefused(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Calls of a known agent that were turned away; repeats in an interval are counted in one."""

    name: ClassVar[str] = "call.refused"
    ocsf_class: ClassVar[int] = 6003
    controls: ClassVar[tuple[str, ...]] = ("CC6.1", "CC7.2")

    agent: Annotated[str, Meta(description="agent that called")]
    owner: Annotated[str, Meta(description="person who answers for the agent")]
    key: Annotated[str, Meta(description="id of the agent key that was presented")]
    operation: Annotated[str, Meta(description="what was asked; empty if it was not understood")]
    code: Annotated[str, Meta(description="stable error code the agent was given")]
    policy: Annotated[
        str,
        Meta(description="digests of the scope, the providers and the guard rules then in force"),
    ]
    rule: Annotated[
        str, Meta(description="rule that refused it; empty if it was refused for another reason")
    ] = ""
    found: Annotated[
        tuple[Found, ...], Meta(description="what the guard found in it, if that is why")
    ] = ()
    count: Annotated[int, Meta(description="how many calls this entry stands for")] = 1

    @classmethod
    def example(cls) -> Self:
        """A loop that kept asking for a model it may not use."""
        return cls(
            agent="agt_2xV8nQmA0bLr5cYtKd9eWs",
            owner="per_7Hq3ZcT1vB6kRjM4xPn0Ly",
            key="3fK9aQ7LmZx2b",
            operation="chat.completions",
            code="model_not_allowed",
            policy="qk5m0Qd1GmB7w6HfYt0cJ2Lx.Zb8rN4uVo1Ws9eKi3Hg5Md7P.c3Xn7Tq2Ry5Jv9Lb4Fk8Da1W",
            rule="agent.scope.models",
            count=212,
        )
