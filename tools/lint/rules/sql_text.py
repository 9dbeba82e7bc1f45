"""SQL is never put together from pieces of text; bind parameters or use expressions."""

import ast
from collections.abc import Iterator

from tools.lint.source import Offence, Source

_TAKES_SQL = {"text", "DDL", "execute", "executemany", "exec_driver_sql", "copy", "executescript"}


def offences(source: Source) -> Iterator[Offence]:
    """f-strings, `+`, `%`, `.format` and `.join` as the first argument of what takes SQL."""
    if not source.is_program:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _takes_sql(node.func) and _is_assembled(node.args[:1]):
            yield Offence(node.lineno, "SQL is assembled here")


def _takes_sql(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _TAKES_SQL
        case _:
            return False


def _is_assembled(first: list[ast.expr]) -> bool:
    match first:
        case [ast.JoinedStr() | ast.BinOp(op=ast.Add() | ast.Mod())]:
            return True
        case [ast.Call(func=ast.Attribute(attr="format" | "join"))]:
            return True
        case _:
            return False
