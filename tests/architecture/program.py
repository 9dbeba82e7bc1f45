"""What the architecture tests look at: the Python files of the project, parsed once."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "src" / "gatebook"


@cache
def python_files(*folders: str) -> dict[str, ast.Module]:
    """The syntax tree of every Python file below these folders, by its path from the root."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


@cache
def module_names() -> tuple[str, ...]:
    """Every module of the program by its dotted name, apart from what Alembic runs itself."""
    names = []
    for path in sorted(PROGRAM.rglob("*.py")):
        parts = path.relative_to(PROGRAM.parent).with_suffix("").parts
        if "migrations" not in parts:
            names.append(".".join(parts).removesuffix(".__init__"))
    return tuple(names)
