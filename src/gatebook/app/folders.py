"""The folders of like things, read through the registry: commands, dialects, events.

Light on purpose: the command line asks for the commands even when it only prints help.
"""

from gatebook import providers
from gatebook.control import commands
from gatebook.control.command import Command
from gatebook.core.registry import classes, one_each, satisfying
from gatebook.ledger import events
from gatebook.ledger.events import Change, Event
from gatebook.providers import Dialect


def command_kinds() -> dict[str, type[Command]]:
    """Every administrative command, by its name."""
    return one_each(commands, Command)


def dialects() -> dict[str, Dialect]:
    """Every protocol providers speak, by its name."""
    # mypy wants a concrete class here; a Protocol is what modules are held against.
    return satisfying(providers, Dialect)  # type: ignore[type-abstract]


def event_kinds() -> dict[str, type[Event]]:
    """Every kind of event, by its name."""
    return {kind.name: kind for kind in classes(events, Event) if kind is not Change}
