"""Limits, prices of an organization's own, and what is used and leased of limits."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limits",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        _text("subject"),
        _text("subject_id"),
        _text("measure"),
        _text("period"),
        _number("amount"),
        _number("created_at"),
        sa.UniqueConstraint("subject_id", "measure", "period"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    op.create_table(
        "prices",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        _text("provider_id"),
        _text("model"),
        _number("input"),
        _number("cached_input"),
        _number("cache_write"),
        _number("cache_write_long"),
        _number("output"),
        _number("context_window"),
        sa.Column("hides_output", sa.Boolean, nullable=False),
        _number("created_at"),
        sa.UniqueConstraint("organization_id", "provider_id", "model"),
    )
    op.create_table(
        "accounts",
        _text("limit_id"),
        _number("start"),
        _text("kind"),
        _number("used"),
        _number("lost"),
        _number("refilled_at"),
        sa.PrimaryKeyConstraint("limit_id", "start"),
    )
    op.create_table(
        "leases",
        _text("limit_id"),
        _number("start"),
        _text("holder"),
        _number("amount"),
        _number("spent"),
        _number("expires_at", index=True),
        sa.PrimaryKeyConstraint("limit_id", "start", "holder"),
        sa.ForeignKeyConstraint(["limit_id", "start"], ["accounts.limit_id", "accounts.start"]),
    )


def _text(name: str, *args: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *args, nullable=False, **options)


def _number(name: str, *args: Any, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, *args, nullable=False, **options)
