"""One governed call, from its first byte to its last, in the order in which it happens.

Each stage returns the proof that the next one needs. `forward` takes the Receipt of the intent, and
only the ledger makes receipts, so that nothing leaves unrecorded; if an entry cannot be made, the
call is refused here. If the outcome cannot be recorded, the agent does not get the answer: 503 in
its place, or an error where the end of the stream would be.
"""

import asyncio
import logging
from functools import partial

from gatebook.core.errors import GatebookError
from gatebook.core.ids import new_id
from gatebook.gateway.bodies import Hold
from gatebook.gateway.ending import (
    abandon,
    cut_off,
    give_up,
    internal_error,
    named,
    told,
    turn_away,
)
from gatebook.gateway.gate import Gate
from gatebook.gateway.leash import HungUp, Leash, Stopped
from gatebook.gateway.passage import Passage, not_sent
from gatebook.gateway.reading import credential_of, read_call
from gatebook.gateway.streaming import Delivery
from gatebook.ledger.attempt import Receipt
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.permit import permit
from gatebook.policy.stops import Target
from gatebook.policy.treating import Looked
from gatebook.web.body import Disconnected
from gatebook.web.exchange import Exchange

_LOG = logging.getLogger(__name__)


async def conduct(gate: Gate, exchange: Exchange, hold: Hold) -> None:
    """Answer one request; the story of a call. `hold` is of the bodies that it holds."""
    gate.counts["http_requests"] += 1
    passage = Passage(gate.clock, gate.entropy)
    try:
        snapshot = gate.snapshots.current()

        # 1. read the call
        dialect, operation, model = gate.routes.find(exchange)
        passage.operation = operation.name
        credential = credential_of(exchange)
        is_known = snapshot.knows(credential, gate.clock.now_us())
        most = gate.settings.body_limit_bytes
        call = await read_call(exchange, dialect, operation, most, model=model, is_known=is_known)
        passage.came_in(call)

        # 2. identify
        # Asked for again: a body may take long, and revocation must not.
        passage.snapshot = snapshot = gate.snapshots.current()
        passage.principal = principal = snapshot.identify(credential, gate.clock.now_us())
        passage.log = snapshot.tenants[principal.organization.id].log
        passage.key = snapshot.commitment_key(principal.organization.id)

        # 3. inspect the request
        passage.request = found = Looked(await gate.guard.inspect(call))

        # 4. permit
        target = gate.stopping.check(Target.of(principal))
        at = Circumstances(found.inspection, exchange.client_address, gate.clock.now_us())
        permission = permit(principal, call, at, snapshot.policies)
        ways = gate.ways(snapshot, call, at, permission, target)
        call = ways.call  # as it came it is not held any longer, unless it has to be
        delivery: Delivery | None = None

        # Once, and again only where nothing can have been executed and there is another way, or
        # where each provider gives a part of the answer.
        for open_way in ways:
            passage.begin()
            with ways.attempt(open_way) as attempt:
                # What was found in it decides how it may leave by this way.
                way = await gate.guard.sent(passage, open_way)

                # Limits hold on each way anew: what it may cost there is set aside.
                way, passage.holding = await gate.allowance.admit(snapshot, principal, way)

                # 5. record the intent
                gate.unsigned.check(gate.clock.monotonic_us())
                intent = passage.intended(way, call, principal)
                too_late = partial(_note_not_sent, gate, passage, principal.agent.id)
                receipt = await gate.book.record(passage.log, intent, late=too_late)
                passage.receipt = receipt
                gate.counts["intents"] += 1

                with Leash(exchange.connection, gate.settings, gate.stopping, way.target) as leash:
                    # 6. forward
                    passage.sent()
                    reply = await gate.upstream.forward(
                        gate.telemetry.outbound(way.call, exchange, passage),
                        way.permit,
                        receipt,
                        dialect=gate.dialects[way.provider.dialect],
                        credential=snapshot.credential(way.provider),
                    )
                    leash.holds(reply)
                    passage.answered(reply.status)
                    await attempt.answered(reply, gate.settings.reply_limit_bytes, hold.reply)

                    # 7. inspect the reply
                    rates = gate.allowance.rates(passage.holding)
                    part = Delivery(
                        exchange,
                        passage,
                        leash,
                        dialect,
                        guard=gate.guard,
                        hold=hold,
                        limit=gate.settings.reply_limit_bytes,
                        headers=[*named(receipt.reference), *told(ways, way), *rates],
                    )
                    await part.receive(reply, way.call, ways.shown_by(way))
                    attempt.received(passage.ending)
                    leash.loosen()

                    # 8. record the outcome
                    await gate.book.record(passage.log, passage.conclude(receipt))
                    delivery = part.behind(delivery, operation.join)
            if passage.receipt is not None and not passage.is_concluded:
                await give_up(gate, passage, passage.receipt, attempt.gave_up_for)

        # 9. answer
        if delivery is not None:
            await delivery.finish()
    except GatebookError as error:
        await turn_away(gate, exchange, passage, error)
    except Stopped as stopped:
        await cut_off(gate, exchange, passage, stopped.refusal)
    except HungUp:
        abandon(gate, passage, "client_disconnected" if passage.is_sent else "not_sent")
    except Disconnected:
        gate.counts["left_before_asking"] += 1
    except asyncio.CancelledError:
        abandon(gate, passage, "gateway_stopped")
        raise
    except Exception:
        incident = new_id("inc", gate.entropy)
        _LOG.exception("incident %s", incident)
        await turn_away(gate, exchange, passage, internal_error(incident))
    finally:
        passage.holding.let_go()
        gate.telemetry.ended(exchange, passage)


def _note_not_sent(
    gate: Gate, passage: Passage, agent: str, answer: Receipt | GatebookError
) -> None:
    """If the intent became durable after we had given up on it, say that nothing was sent."""
    if isinstance(answer, Receipt):
        gate.book.note(passage.log, not_sent(passage.id, agent, answer))
