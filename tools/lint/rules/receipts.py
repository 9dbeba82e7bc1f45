"""Only ledger/attempt.py makes receipts, so that nothing can pretend to be recorded."""

import ast
from collections.abc import Iterator

from tools.lint.source import Offence, Source

_QUESTIONS = {"isinstance", "issubclass", "cast"}


def offences(source: Source) -> Iterator[Offence]:
    """Calls of Receipt, and calls that are handed the class to make one from data."""
    if not source.is_program or source.within("ledger/attempt.py"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and not _names(node.func) & _QUESTIONS:
            used = [node.func, *node.args, *(keyword.value for keyword in node.keywords)]
            if any("Receipt" in _names(expression) for expression in used):
                yield Offence(node.lineno, "a receipt is made here")


def _names(expression: ast.expr) -> set[str]:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case _:
            return set()
