"""The database: tables, queries, migrations (SQLite embedded, PostgreSQL in production).

The only package that imports SQLAlchemy or a driver; every failure of theirs leaves here as
Unavailable. Read `tables.py` first, then `book.py`, which is the durable side of the ledger.
To add a table, write it in `tables.py` and a migration beside the others; a test compares the two.
"""
