"""Reference pages made from the program itself, so that they cannot say anything else.

`python -m tools.gen` writes them, `--check` compares and fails on a difference.
To add one: a module in `pages` with `PATH` and `page()`, which returns the page without its notice.
"""
