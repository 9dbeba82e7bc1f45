"""Say what it is about: a name that fits everything says nothing."""

import ast
import re
from collections.abc import Iterator

from tools.lint.source import Offence, Source

BANNED = {"base", "common", "handler", "helper", "impl", "manager", "misc", "service", "util"}
BANNED |= {f"{word}s" for word in BANNED}
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def offences(source: Source) -> Iterator[Offence]:
    """Files, folders, classes and functions with such a word in their name."""
    if not source.is_program:
        return
    for part in source.path.with_suffix("").parts:
        if word := _banned_in(part):
            yield Offence(1, f"the path says '{word}'")
    for node in ast.walk(source.tree):
        if word := _banned_in(_name(node)):
            yield Offence(getattr(node, "lineno", 1), f"'{_name(node)}' says '{word}'")


def _name(node: ast.AST) -> str:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case _:
            return ""


def _banned_in(name: str) -> str:
    words = {word.lower() for word in _WORD.findall(name)}
    return next(iter(sorted(words & BANNED)), "")
