"""What is done again and again beside the calls of a gate."""

import asyncio
from typing import Any

from gatebook.app.followers import Step, follow
from gatebook.app.gate_surroundings import Surroundings
from gatebook.app.limits import steps_of
from gatebook.gateway.allowance import ROUND_SECONDS
from gatebook.gateway.gate import Gate
from gatebook.gateway.probes import PAUSE_SECONDS


def begin_loops(given: Surroundings, gate: Gate) -> list[asyncio.Task[Any]]:
    """The loops of a gate and those that its surroundings need, begun."""
    settings, unsigned = gate.settings, gate.unsigned
    steps = {
        "asking how far the log is signed": Step(unsigned.look, unsigned.pause_seconds),
        "asking whether providers are well": Step(gate.probes.look, PAUSE_SECONDS),
        "sharing limits": Step(gate.allowance.give_back, ROUND_SECONDS),
        "writing counted refusals": Step(gate.refusals.flush, settings.refusal_interval_seconds),
        **given.presence.steps(gate.snapshots, settings.poll_seconds),
        **given.keeper.steps(gate.stopping),
        **steps_of(given.leases, given.config.upstream.history_days),
    }
    return [
        gate.tasks.spawn(follow(step.take, seconds=step.seconds, name=name, wake=step.wake), name)
        for name, step in steps.items()
    ]


async def end_loops(loops: list[asyncio.Task[Any]]) -> None:
    """End them all, in the middle of a step if need be."""
    for loop in loops:
        loop.cancel()
    await asyncio.sleep(0)  # calls that were cut just now say so first
