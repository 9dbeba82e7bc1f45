"""Rules of what the guard does about what it finds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guard_rules",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        sa.Column("workspace_id", sa.Text),
        sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id")),
        _text("direction"),
        _text("what"),
        _text("region"),
        _text("action"),
        sa.Column("threshold", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "workspace_id"], ["workspaces.organization_id", "workspaces.id"]
        ),
        sa.CheckConstraint("workspace_id IS NULL OR agent_id IS NULL", name="owner"),
    )


def _text(name: str, *args: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *args, nullable=False, **options)
