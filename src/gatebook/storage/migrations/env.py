"""Run by Alembic inside the transaction that `migrate` opened."""

from alembic import context

from gatebook.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
