"""Hold every file against every house rule: `python -m tools.lint`."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator

from tools.lint import rules
from tools.lint.source import Source, sources


def rule_names() -> list[str]:
    """The rules there are: every module of the folder."""
    return [module.name for module in pkgutil.iter_modules(rules.__path__)]


def complaints(files: Iterator[Source]) -> Iterator[str]:
    """One line per offence: place, rule, what it is, and the rule in words."""
    names = rule_names()
    loaded = [importlib.import_module(f"{rules.__name__}.{name}") for name in names]
    for source in files:
        for name, rule in zip(names, loaded, strict=True):
            says = (rule.__doc__ or "").splitlines()[0]
            for line, what in rule.offences(source):
                yield f"{source.path}:{line}: {name}: {what}. {says}"


def main() -> int:
    """Print the offences; 1 if there are any."""
    found = list(complaints(sources()))
    for complaint in found:
        print(complaint)
    print(f"House rules: {len(found)} offences" if found else "House rules: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
