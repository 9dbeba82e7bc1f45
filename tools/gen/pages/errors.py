"""Every failure a caller can be told of, by its kind."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import gatebook
from gatebook.core.errors import GatebookError
from gatebook.web.problem import status_of
from tools.gen.markdown import code, sentences, table

PATH = "docs/reference/errors.md"

_INTRODUCTION = """\
# Errors

Whatever fails, the answer carries a stable `code` and a text that is safe to show.
Where there is a next step, a hint names it.
There are nine kinds, sorted by what the caller can do.
Braces stand for what the program fills in.
"HTTP" is the status where the failure becomes an answer; at the command line it is an exit code.
"""


class Failure(NamedTuple):
    """One place that can fail."""

    code: str
    detail: str
    hint: str


def page() -> str:
    """One section per kind with the codes that the program raises, read from its source."""
    raised = _raised()
    parts = [_INTRODUCTION]
    for kind in GatebookError.__subclasses__():
        parts.append(f"## {kind.kind}\n\n{sentences(kind.__doc__ or '')}")
        rows = [
            (code(failure.code), _status(kind, failure), failure.detail, failure.hint)
            for failure in sorted(raised[kind.__name__])
        ]
        if rows:
            parts.append(table(["code", "HTTP", "what it says", "next step"], rows))
    return "\n".join(parts)


def _status(kind: type[GatebookError], failure: Failure) -> str:
    return str(status_of(kind(failure.code, failure.detail)))


def _raised() -> dict[str, set[Failure]]:
    """By the name of its kind: every failure made anywhere with its code written out."""
    kinds = {kind.__name__ for kind in GatebookError.__subclasses__()}
    found: dict[str, set[Failure]] = defaultdict(set)
    for path in Path(gatebook.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(str(at)), *rest]):
                    if name in kinds:
                        detail, hint = ([_text(part) for part in rest] + ["", ""])[:2]
                        found[name].add(Failure(at, detail, hint))
    return found


def _text(expression: ast.expr) -> str:
    """A text as it stands in the source, with what is filled in as `{...}`."""
    match expression:
        case ast.Constant(str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(map(_text, values))
        case ast.FormattedValue(value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return "{...}" if name.startswith("__") else f"{{{name}}}"
        case _:
            return "{...}"
