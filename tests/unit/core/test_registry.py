"""One thing, one file: a folder that breaks its rules is refused by name."""

import sys
from collections.abc import Callable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Protocol, runtime_checkable

import pytest

from gatebook.core.errors import Misconfigured
from gatebook.core.registry import classes, modules, one_each, satisfying, summary

Folder = Callable[[dict[str, str]], ModuleType]

THING = '"""What it is."""\nfrom tests.unit.core.test_registry import Thing\n'


class Thing:
    """Root of the things in the folders below."""


@runtime_checkable
class Named(Protocol):
    """What a module of a folder has to have."""

    NAME: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Makes a package of these files, and imports it."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(files: dict[str, str]) -> ModuleType:
        package = tmp_path / "things"
        package.mkdir()
        for name, text in {"__init__": "", **files}.items():
            (package / f"{name}.py").write_text(text)
        for loaded in [name for name in sys.modules if name.partition(".")[0] == "things"]:
            monkeypatch.delitem(sys.modules, loaded)
        invalidate_caches()
        return import_module("things")

    return make


def test_items_are_known_by_their_file_names_in_order(folder: Folder) -> None:
    things = folder(
        {
            "send_mail": THING + "class SendMail(Thing): ...\n",
            "add_user": THING + "class AddUser(Thing): ...\n",
        }
    )
    assert [(name, kind.__name__) for name, kind in one_each(things, Thing).items()] == [
        ("add_user", "AddUser"),
        ("send_mail", "SendMail"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        THING,
        THING + "class Another(Thing): ...\n",
        THING + "class AddUser(Thing): ...\nclass Second(Thing): ...\n",
        THING + "class AddUser: ...\n",
    ],
)
def test_a_file_that_does_not_define_what_it_is_named_after_is_refused(
    folder: Folder, text: str
) -> None:
    with pytest.raises(Misconfigured, match="add_user"):
        one_each(folder({"add_user": text}), Thing)


def test_a_file_that_does_not_say_what_it_is_is_refused(folder: Folder) -> None:
    with pytest.raises(Misconfigured, match="docstring"):
        modules(folder({"add_user": "NAME = 'add_user'\n"}))


def test_classes_are_those_a_folder_defines_not_those_it_imports(folder: Folder) -> None:
    things = folder({"users": THING + "class One(Thing): ...\nclass Two(Thing): ...\n"})
    assert [kind.__name__ for kind in classes(things, Thing)] == ["One", "Two"]


def test_a_module_that_lacks_what_its_protocol_asks_for_is_refused(folder: Folder) -> None:
    things = folder({"one": '"""One."""\nNAME = "one"\n', "two": '"""Two."""\n'})
    with pytest.raises(Misconfigured, match="two"):
        satisfying(things, Named)  # type: ignore[type-abstract]  # modules are held against it


def test_a_summary_is_the_first_line_of_a_docstring() -> None:
    assert summary(Thing) == "Root of the things in the folders below."
    assert summary(object()) != ""
    assert summary(ModuleType("silent")) == ""
