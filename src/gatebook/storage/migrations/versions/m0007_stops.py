"""Stops: who may not call until somebody releases it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stops",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("engaged_at", sa.BigInteger, nullable=False),
        sa.Column("released_at", sa.BigInteger),
        sa.CheckConstraint("status IN ('engaged', 'released')", name="status"),
    )
