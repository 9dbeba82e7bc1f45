"""Length is a smell, branching is the disease: limits of pyproject's [tool.gatebook.budgets]."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.architecture.program import ROOT, python_files

BUDGETS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["gatebook"][
    "budgets"
]
_COMPOUND = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith
_COMPOUND |= ast.Try | ast.TryStar | ast.Match
_BRANCH = ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.match_case
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


class Measure(NamedTuple):
    """How much of a budget one place uses."""

    place: str
    budget: str
    amount: int


def test_no_place_is_over_its_budget() -> None:
    over = {
        f"{place}: {amount} {budget}, limit {limit(place, budget)}"
        for place, budget, amount in measures()
        if amount > limit(place, budget)
    }
    assert not over, "\n".join(["over budget:", *sorted(over)])


def test_an_exception_is_needed_and_has_a_reason() -> None:
    used = {f"{place} {budget}" for place, budget, amount in measures() if amount > BUDGETS[budget]}
    for place, exception in BUDGETS["exceptions"].items():
        budgets = exception.keys() - {"reason"}
        assert exception["reason"]
        assert budgets, place
        assert {f"{place} {budget}" for budget in budgets} <= used, f"{place}: not needed any more"
    for place, reason in BUDGETS["stories"].items():
        assert reason
        assert f"{place} function_lines" in used, f"{place}: short enough to be no exception"


def test_the_root_stays_small() -> None:
    command = ["git", "ls-tree", "--name-only", "HEAD"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    entries = listed.stdout.split()
    if listed.returncode:  # not a clone but an unpacked archive, which holds what the commit held
        entries = [path.name for path in ROOT.iterdir() if not path.name.startswith(".venv")]
    assert len(entries) <= BUDGETS["root_entries"], sorted(entries)


def limit(place: str, budget: str) -> int:
    """The budget of a place: the exception's, the story's or everybody's."""
    exception = BUDGETS["exceptions"].get(place, {})
    if budget == "function_lines" and place in BUDGETS["stories"]:
        budget = "story_lines"
    return int(exception.get(budget, BUDGETS[budget]))


def measures() -> Iterator[Measure]:
    """Everything that is measured; structure counts for what runs, length for all Python."""
    for path, tree in python_files("src", "tools", "tests", "bench").items():
        yield Measure(path, "file_lines", len((ROOT / path).read_text().splitlines()))
        for function, name in functions(tree):
            assert function.end_lineno
            lines = function.end_lineno - function.lineno + 1
            yield Measure(f"{path}:{name}", "function_lines", lines)
    for path, tree in python_files("src", "tools").items():
        yield from structure(path, tree)


def structure(path: str, tree: ast.Module) -> Iterator[Measure]:
    """What is measured of one file's shape."""
    kind = "package" if path.endswith("__init__.py") else "module"
    docstring = ast.get_docstring(tree) or ""
    yield Measure(path, f"{kind}_docstring_lines", len(docstring.splitlines()))
    yield Measure(path, "imports", imports(tree))
    for function, name in functions(tree):
        yield Measure(f"{path}:{name}", "branches", branches(function))
        yield Measure(f"{path}:{name}", "nesting", nesting(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            public = [item for item in node.body if isinstance(item, _FUNCTION)]
            amount = sum(not item.name.startswith("_") for item in public)
            yield Measure(f"{path}:{node.name}", "public_methods", amount)


def functions(
    tree: ast.AST, around: str = ""
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Every function with its name inside the file, such as `Writer.close`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _FUNCTION):
            yield node, around + node.name
        if isinstance(node, _FUNCTION | ast.ClassDef):
            yield from functions(node, f"{around}{node.name}.")
        else:
            yield from functions(node, around)


def imports(tree: ast.Module) -> int:
    """How many modules a file names; what is imported for type checking alone counts too."""
    lines = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return sum(len(node.names) if isinstance(node, ast.Import) else 1 for node in lines)


def branches(function: ast.AST) -> int:
    """Decisions, loops, handlers and cases of a function, without those of functions inside it."""
    return sum(
        isinstance(node, _BRANCH) + (0 if isinstance(node, _FUNCTION) else branches(node))
        for node in ast.iter_child_nodes(function)
    )


def nesting(node: ast.AST) -> int:
    """How deep compound statements stand in one another; `elif` is no deeper than its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTION):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
        step = isinstance(child, _COMPOUND) and not is_elif
        deepest = max(deepest, step + nesting(child))
    return deepest


def test_branches_and_nesting_are_counted_as_a_reader_would() -> None:
    source = """
def f(x):
    if x:
        for y in x:
            with y:
                pass
    elif y:
        pass
    try:
        pass
    except ValueError:
        pass
    def inner():
        if x: pass
"""
    (function, _), (inner, name) = functions(ast.parse(source))
    assert (branches(function), nesting(function)) == (4, 3)
    assert (branches(inner), nesting(inner), name) == (1, 1, "f.inner")
