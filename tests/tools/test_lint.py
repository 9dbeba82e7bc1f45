"""Every house rule finds what it forbids, and leaves alone what only looks like it."""

import pytest

from tools.lint import __main__ as lint
from tools.lint.source import Source

BOOK = "src/gatebook/ledger/verify.py"

HITS = [
    ("receipts", BOOK, "Receipt('l', 's', 0, b'')"),
    ("receipts", BOOK, "attempt.Receipt(log='l')"),
    ("receipts", BOOK, "msgspec.convert(data, Receipt)"),
    ("receipts", BOOK, "msgspec.json.decode(data, type=attempt.Receipt)"),
    ("broad_except", BOOK, "try:\n    f()\nexcept Exception:\n    g()"),
    ("broad_except", BOOK, "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    g()"),
    ("broad_except", BOOK, "try:\n    f()\nexcept:\n    g()"),
    ("broad_except", BOOK, "with contextlib.suppress(Exception):\n    f()"),
    ("sql_text", BOOK, "c.execute(f'SELECT {x}')"),
    ("sql_text", BOOK, "sa.text('SELECT ' + x)"),
    ("sql_text", BOOK, "c.exec_driver_sql('SELECT %s' % x)"),
    ("sql_text", BOOK, "c.execute('SELECT {}'.format(x))"),
    ("sql_text", BOOK, "c.execute(' '.join(parts))"),
    ("names", "src/gatebook/ledger/utils.py", "x = 1"),
    ("names", "src/gatebook/common/note.py", "x = 1"),
    ("names", BOOK, "class NoteManager: ..."),
    ("names", BOOK, "def call_helper(): ..."),
    ("names", BOOK, "class HTTPHandler: ..."),
    ("import_effects", BOOK, "register('verify')"),
    ("import_effects", BOOK, "for x in (): pass"),
    ("import_effects", BOOK, "if True:\n    register('verify')"),
    ("import_effects", BOOK, "assert x"),
    ("suppressions", BOOK, "x = f()  # noqa: S105"),
    ("suppressions", BOOK, "x = f()  # type: ignore[arg-type]"),
    ("suppressions", "tests/unit/test_x.py", "x = f()  # noqa"),
    ("machine_paths", "docs/how-to/curl.md", "cd /{}/ada/gatebook".format("home")),
    ("machine_paths", BOOK, "PATH = '/{}/keys'".format("root")),
    ("machine_paths", "Makefile", "cp x /{}/ada/x".format("Users")),
]

MISSES = [
    ("receipts", "src/gatebook/ledger/attempt.py", "Receipt('l', 's', 0, b'')"),
    ("receipts", BOOK, "def f(receipt: Receipt) -> Receipt:\n    return receipt"),
    ("receipts", BOOK, "isinstance(x, Receipt)"),
    ("receipts", "tests/unit/ledger/test_append.py", "Receipt('l', 's', 0, b'')"),
    ("broad_except", "src/gatebook/cli/main.py", "try:\n    f()\nexcept Exception:\n    g()"),
    ("broad_except", BOOK, "try:\n    f()\nexcept (ValueError, KeyError):\n    g()"),
    ("broad_except", BOOK, "with contextlib.suppress(FileNotFoundError):\n    f()"),
    ("sql_text", BOOK, "c.execute(text('SELECT :x'), {'x': x})"),
    ("sql_text", BOOK, "log.append(f'{x}')"),
    ("sql_text", BOOK, "c.execute(select(table).where(table.c.id == x))"),
    ("names", BOOK, "def base62(x): ...\ndef rebase(x): ...\nclass Database: ..."),
    ("names", "tests/unit/helpers.py", "x = 1"),
    ("import_effects", BOOK, '"""Docs."""\nX = f()\n"""About X."""\ndef g(): h()'),
    ("import_effects", BOOK, "if TYPE_CHECKING:\n    import x"),
    ("import_effects", BOOK, "if __name__ == '__main__':\n    main()"),
    ("suppressions", BOOK, "x = f()  # noqa: S105 - not a password but its name"),
    ("suppressions", BOOK, "x = f()  # type: ignore[arg-type]  # the stub is wrong"),
    ("suppressions", BOOK, "# The stub is wrong.\nx = f()  # type: ignore[arg-type]"),
    ("suppressions", BOOK, "x = '# noqa'"),
    ("machine_paths", "docs/how-to/curl.md", "see https://example.org/home/page and ./a/b"),
    ("machine_paths", "deploy/gatebook.toml", "data = '/var/lib/gatebook'"),
]


def rules_broken(path: str, text: str) -> set[str]:
    return {line.split(": ")[1] for line in lint.complaints(iter([Source.of(path, text)]))}


@pytest.mark.parametrize(("rule", "path", "text"), HITS)
def test_a_rule_finds_what_it_forbids(rule: str, path: str, text: str) -> None:
    assert rule in rules_broken(path, text)


@pytest.mark.parametrize(("rule", "path", "text"), MISSES)
def test_a_rule_leaves_alone_what_only_looks_like_it(rule: str, path: str, text: str) -> None:
    assert rule not in rules_broken(path, text)


def test_a_complaint_says_where_and_why() -> None:
    found = list(lint.complaints(iter([Source.of(BOOK, "x = 1\ny = Receipt('l')")])))
    assert found[0].startswith(f"{BOOK}:2: receipts: a receipt is made here. Only ledger/attempt")


def test_every_rule_has_a_case_of_both_kinds() -> None:
    names = {name for name, *_ in HITS}
    assert names == {name for name, *_ in MISSES} == set(lint.rule_names())
