"""Importing a module only defines things; what has to happen, app/wiring.py does."""

import ast
from collections.abc import Iterator

from tools.lint.source import Offence, Source

RUN_BY_ALEMBIC = "storage/migrations"
_HAPPENS = ast.For | ast.While | ast.With | ast.Delete | ast.Raise | ast.Try | ast.Match


def offences(source: Source) -> Iterator[Offence]:
    """Statements at module level that do something: calls, loops, `with`, `try`, assertions."""
    if source.is_program and not source.within(RUN_BY_ALEMBIC):
        yield from _effects(source.tree.body)


def _effects(body: list[ast.stmt]) -> Iterator[Offence]:
    for statement in body:
        match statement:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.If(test=test) if ast.unparse(test) == "__name__ == '__main__'":
                pass
            case ast.If(body=then, orelse=otherwise):
                yield from _effects(then + otherwise)
            case ast.Expr() | ast.Assert() | ast.AugAssign():
                yield Offence(statement.lineno, "this runs on import")
            case _ if isinstance(statement, _HAPPENS):
                yield Offence(statement.lineno, "this runs on import")
