"""Which of a process's purses each of its leases is for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    purse = sa.Column("purse", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("leases", purse)
