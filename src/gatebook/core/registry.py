"""One thing, one file: lists the modules of a folder and checks that each keeps the folder's rules.

Only `app/wiring.py` calls this in the program; importing a package never registers anything.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

from gatebook.core.errors import Misconfigured

T = TypeVar("T")
Module = TypeVar("Module")


def modules(package: ModuleType) -> dict[str, ModuleType]:
    """Every module of a folder by its id, the file name; each must say in one line what it is."""
    found = {
        name: import_module(f"{package.__name__}.{name}")
        for _, name, _ in sorted(iter_modules(package.__path__), key=lambda item: item[1])
    }
    for name, module in found.items():
        if not summary(module):
            raise _broken(package, name, "has no docstring that says what it is")
    return found


def classes(package: ModuleType, root: type[T]) -> list[type[T]]:
    """Every subclass of `root` that a folder's modules define, in file order."""
    return [
        item
        for module in modules(package).values()
        for item in vars(module).values()
        if _is_own(item, module, root)
    ]


def one_each(package: ModuleType, root: type[T]) -> dict[str, type[T]]:
    """The one subclass of `root` in each module: `enroll_agent.py` defines `EnrollAgent`."""
    found = {}
    for name, module in modules(package).items():
        own = [item for item in vars(module).values() if _is_own(item, module, root)]
        expected = name.title().replace("_", "")
        if [item.__name__ for item in own] != [expected]:
            raise _broken(package, name, f"does not define exactly one {expected}({root.__name__})")
        found[name] = own[0]
    return found


def satisfying(package: ModuleType, protocol: type[Module]) -> dict[str, Module]:
    """The modules of a folder themselves, each satisfying a runtime-checkable protocol."""
    found: dict[str, Module] = {}
    for name, module in modules(package).items():
        if not isinstance(module, protocol):
            raise _broken(package, name, f"lacks something that {protocol.__name__} asks for")
        found[name] = module
    return found


def summary(item: object) -> str:
    """The first line of a docstring; empty if there is none."""
    return (getattr(item, "__doc__", None) or "").strip().partition("\n")[0]


def _is_own(item: object, module: ModuleType, root: type) -> bool:
    return isinstance(item, type) and issubclass(item, root) and item.__module__ == module.__name__


def _broken(package: ModuleType, name: str, what: str) -> Misconfigured:
    return Misconfigured(
        "registry_item",
        f"{package.__name__}.{name} {what}.",
        "One thing, one file: see the folder's __init__ for its rules.",
    )
