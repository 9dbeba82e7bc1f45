"""tests/unit mirrors src/gatebook, so that a test is where the eye looks for it."""

from pathlib import Path, PurePosixPath

from tests.architecture.program import PROGRAM, ROOT

UNIT = ROOT / "tests" / "unit"
INSIDE = (
    "core",
    "formats",
    "ledger",
    "identity",
    "guard",
    "providers",
    "translation",
    "policy",
    "control",
)

# Modules of the inside that hold nothing a unit test could show to be wrong.
NO_LOGIC = {
    "guard/confusables.py": "a table; guard/normalize.py is tested for what it does",
    "ledger/ports.py": "Protocols",
    "control/ports.py": "Protocols",
    "ledger/question.py": "what a verification is asked, as values",
    "core/errors.py": "names of kinds; web/problem.py is tested for what they become",
}
TESTED_ELSEWHERE = {
    "settings.py": "by tests/unit/app/test_config.py, which reads every one of them",
    "ledger/events": "against vectors/events by tests/architecture/test_registries.py",
}


def modules(package: str) -> list[PurePosixPath]:
    """The modules of a package by their paths inside the program."""
    return [
        PurePosixPath(path.relative_to(PROGRAM).as_posix())
        for path in sorted((PROGRAM / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def is_excepted(module: PurePosixPath) -> bool:
    return (
        str(module) in NO_LOGIC
        or module.name in TESTED_ELSEWHERE
        or any(module.is_relative_to(place) for place in TESTED_ELSEWHERE)
    )


def test_every_unit_test_is_named_after_the_module_it_tests() -> None:
    strays = [
        str(path.relative_to(UNIT))
        for path in UNIT.rglob("test_*.py")
        if not source_of(path).exists()
    ]
    assert strays == []


def test_every_module_of_the_inside_has_its_unit_test() -> None:
    untested = [
        str(module)
        for package in INSIDE
        for module in modules(package)
        if not is_excepted(module) and not unit_test_of(module).exists()
    ]
    assert untested == []


def test_an_exception_names_a_module_that_exists() -> None:
    assert [name for name in NO_LOGIC if not (PROGRAM / name).exists()] == []


def source_of(test: Path) -> Path:
    """The module that a unit test stands for."""
    return PROGRAM / test.relative_to(UNIT).with_name(test.name.removeprefix("test_"))


def unit_test_of(module: PurePosixPath) -> Path:
    """Where the unit test of a module stands."""
    return UNIT / module.with_name(f"test_{module.name}")
