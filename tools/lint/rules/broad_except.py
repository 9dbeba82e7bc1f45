"""An exception nobody expected is caught in four files only; elsewhere name what may happen."""

import ast
from collections.abc import Iterator

from tools.lint.source import Offence, Source

CATCH_ALL = ("gateway/pipeline.py", "guard/inspect.py", "app/followers.py", "cli/main.py")
_BROAD = {"Exception", "BaseException"}


def offences(source: Source) -> Iterator[Offence]:
    """Bare `except`, `except Exception` and `suppress(Exception)`."""
    if not source.is_program or source.within(*CATCH_ALL):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type):
            yield Offence(node.lineno, "a broad except")
        if isinstance(node, ast.Call) and _suppresses_all(node):
            yield Offence(node.lineno, "a broad suppress")


def _suppresses_all(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("suppress") and any(map(_is_broad, call.args))


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(kind, ast.Name) and kind.id in _BROAD for kind in kinds)
