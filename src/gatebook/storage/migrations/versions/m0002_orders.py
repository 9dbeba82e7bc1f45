"""What came of orders that may be repeated; names of agents that are unique."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("stream_no", sa.BigInteger, sa.ForeignKey("streams.no"), nullable=False),
        sa.Column("sq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log", "key"),
    )
    op.create_index(None, "agents", ["organization_id", "name"], unique=True)
