"""What a rule looks at: one text file, parsed when it is Python."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("src", "tests", "tools", "bench", "docs", "deploy", "vectors", ".ci")


class Offence(NamedTuple):
    """A line, and what is wrong with it in a few words."""

    line: int
    what: str


class Source(NamedTuple):
    """One file, by its path from the root of the repository."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Source":
        """The file with this text; anything but Python has an empty tree."""
        python = path.endswith((".py", ".pyi"))
        return cls(PurePosixPath(path), text, ast.parse(text if python else ""))

    @property
    def is_program(self) -> bool:
        """Whether it is part of what a customer runs."""
        return self.path.is_relative_to("src/gatebook")

    def within(self, *places: str) -> bool:
        """Whether it is one of these files of the program, or in one of these folders."""
        return any(self.path.is_relative_to(f"src/gatebook/{place}") for place in places)


def sources(root: Path = ROOT) -> Iterator[Source]:
    """Every text file of the project, in a stable order."""
    for path in sorted(_files(root)):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        yield Source.of(path.relative_to(root).as_posix(), text)


def _files(root: Path) -> Iterator[Path]:
    for path in root.iterdir():
        if path.is_file() and path.name != "uv.lock":
            yield path
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
