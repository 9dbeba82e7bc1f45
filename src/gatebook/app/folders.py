"""The folders of commands and of dialects, read through the registry.

Light on purpose: the command line asks for the commands even when it only prints help.
"""

from gatebook import providers
from gatebook.control import commands
from gatebook.control.command import Command
from gatebook.core.registry import one_each, satisfying
from gatebook.providers import Dialect


def command_kinds() -> dict[str, type[Command]]:
    """Every administrative command, by its name."""
    return one_each(commands, Command)


def dialects() -> dict[str, Dialect]:
    """Every protocol providers speak, by its name."""
    # mypy wants a concrete class here; a Protocol is what modules are held against.
    return satisfying(providers, Dialect)  # type: ignore[type-abstract]
