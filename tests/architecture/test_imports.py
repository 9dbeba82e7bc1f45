"""Who may import whom: the contracts of pyproject hold, and no package slips past them."""

import subprocess
import sys
import tomllib
from typing import Any

import grimp
import pytest

from tests.architecture.program import PROGRAM, ROOT, python_files

CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
EDGES = {"web", "gateway", "api", "console", "storage", "sinks", "app", "cli"}
PACKAGES = {path.parent.name for path in PROGRAM.glob("*/__init__.py")}


def test_every_import_contract_is_kept() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in checked.stdout


def test_every_package_has_its_place_in_the_layers() -> None:
    listed = {
        name.strip(" ()") for layer in CONTRACTS["layers"]["layers"] for name in layer.split("|")
    }
    assert CONTRACTS["layers"]["exhaustive"]
    assert listed >= PACKAGES


def test_all_of_the_inside_is_kept_from_input_and_output() -> None:
    assert sources("inside") == PACKAGES - EDGES


def test_everything_but_storage_is_kept_from_the_database() -> None:
    assert sources("one-door-to-sql") == PACKAGES - {"storage"}


def test_the_verifier_knows_nothing_of_the_server() -> None:
    """`gatebook verify` reaches `core` and `ledger` only, by whatever way."""
    reached = grimp.build_graph("gatebook").find_upstream_modules("gatebook.cli.verify")
    packages = {module.split(".")[1] for module in reached} - {"cli"}
    beside = {module for module in reached if module.startswith("gatebook.cli")}
    assert packages == {"core", "ledger"}
    assert beside == {"gatebook.cli.verify_report"}


@pytest.mark.parametrize("path", python_files("src"))
def test_no_relative_or_star_import(path: str) -> None:
    source = (ROOT / path).read_text()
    assert "import *" not in source
    assert "from ." not in source


def sources(contract: str) -> set[str]:
    """The packages that a contract speaks of."""
    return {name.removeprefix("gatebook.") for name in CONTRACTS[contract]["source_modules"]}
