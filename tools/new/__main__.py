"""Write a new thing's files: `python -m tools.new event key.issued`."""

import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from tools.lint.source import ROOT
from tools.new import kinds


def known(root: Path) -> dict[str, ModuleType]:
    """The kinds whose folder exists in this repository."""
    names = [module.name for module in pkgutil.iter_modules(kinds.__path__)]
    modules = {name: importlib.import_module(f"{kinds.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if (root / module.FOLDER).is_dir()}


def problem(root: Path, kind: str, id_: str) -> str:
    """Why nothing can be written, with what to type instead; empty if all is well."""
    found = known(root)
    if kind not in found:
        example = next(iter(found.values()))
        usage = f"make new KIND={next(iter(found))} ID={example.EXAMPLE}"
        return f"There is no kind '{kind}'. There are: {', '.join(found)}.\nFor example: {usage}"
    if not found[kind].ID.fullmatch(id_):
        return f"'{id_}' does not name a new {kind}. For example: ID={found[kind].EXAMPLE}"
    for path in found[kind].files(id_):
        if not path.endswith("+") and (root / path).exists():
            return f"{path} exists already."
    return ""


def write(root: Path, kind: str, id_: str) -> list[str]:
    """Write the files; those marked `+` that exist already get what stands below the imports."""
    written = []
    for marked, text in known(root)[kind].files(id_).items():
        path = marked.removesuffix("+")
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            _, _, below = text.partition("\n\n\n")
            file.write_text(f"{file.read_text()}\n\n{below}")
        else:
            file.write_text(text)
        written.append(path)
    return written


def main(root: Path, arguments: list[str]) -> int:
    """Write and say what was written, or say why not."""
    kind, id_ = [*arguments, "", ""][:2]
    if text := problem(root, kind, id_):
        print(text)
        return 1
    for path in write(root, kind, id_):
        print(path)
    print("Fill them in; `make check test` says what is missing.")
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
