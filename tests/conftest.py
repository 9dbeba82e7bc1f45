"""Fixtures that many tests share; they live in modules that say what they are about."""

pytest_plugins = [
    "tests.guard",  # before those that import it
    "tests.databases",
    "tests.office",
    "tests.served",
    "tests.gates",
    "tests.installations",
]
