"""Alembic's scripts; `storage/database.py` runs them, so no alembic.ini is needed."""
