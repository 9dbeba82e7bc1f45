"""House rules that no other linter knows: one rule per file in `rules`, each with its own test.

A rule is a module whose docstring's first line is what an offender reads, with one function
`offences(source)`. To add one: a file in `rules` and a case in tests/tools/test_lint.py.
"""
