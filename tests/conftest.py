"""Fixtures that many tests share; they live in modules that say what they are about."""

pytest_plugins = [
    "tests.databases",
    "tests.office",
    "tests.served",
    "tests.gates",
    "tests.guard",
    "tests.installations",
]
