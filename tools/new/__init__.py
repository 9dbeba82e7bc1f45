"""Scaffolding: `make new KIND=event ID=key.issued` writes the file and a case that fails.

To add a kind: a module in `kinds` with `ID` (the form of an id), `EXAMPLE` and `files(id)`, which
gives the texts to write by path. A path that ends in `+` is added to if the file exists.
"""
