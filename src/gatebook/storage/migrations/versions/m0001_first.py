"""The book, the sealed bodies and the directory."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _organizations()
    _agents()
    _book()
    _sealed()
    _providers()
    _revision()


def _organizations() -> None:
    op.create_table(
        "organizations",
        _text("id", primary_key=True),
        _text("slug", unique=True),
        _text("name"),
        _text("status"),
        _number("created_at"),
        sa.CheckConstraint("status IN ('active', 'suspended')", name="status"),
    )
    op.create_table(
        "workspaces",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        _text("slug"),
        _text("name"),
        _number("created_at"),
        sa.UniqueConstraint("organization_id", "slug"),
        sa.UniqueConstraint("organization_id", "id"),
    )
    op.create_table(
        "people",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        _text("name"),
        _text("email"),
        _number("created_at"),
        sa.UniqueConstraint("organization_id", "email"),
        sa.UniqueConstraint("organization_id", "id"),
    )


def _agents() -> None:
    op.create_table(
        "agents",
        _text("id", primary_key=True),
        _text("organization_id"),
        _text("workspace_id"),
        _text("owner_id"),
        _text("name"),
        _text("purpose"),
        _text("models"),
        _text("status"),
        _number("epoch"),
        _number("created_at"),
        sa.CheckConstraint("status IN ('active', 'suspended', 'retired')", name="status"),
        sa.ForeignKeyConstraint(
            ["organization_id", "workspace_id"], ["workspaces.organization_id", "workspaces.id"]
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"], ["people.organization_id", "people.id"]
        ),
    )
    op.create_table(
        "agent_keys",
        _text("id", primary_key=True),
        _text("agent_id", sa.ForeignKey("agents.id"), index=True),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        _number("pepper_version"),
        _text("last4"),
        _text("status"),
        _number("issued_at"),
        _number("expires_at"),
        sa.Column("superseded_by", sa.Text, sa.ForeignKey("agent_keys.id")),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.CheckConstraint("status IN ('active', 'revoked')", name="status"),
    )


def _book() -> None:
    op.create_table(
        "streams",
        sa.Column("no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        _text("log"),
        _text("sid", unique=True),
        _text("writer"),
        _number("opened_at"),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "streams", ["log", "writer", "no"])
    op.create_table(
        "entries",
        _number("stream_no"),
        _number("sq"),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("stream_no", "sq"),
    )
    op.create_table(
        "runs",
        _text("log"),
        _number("start"),
        _number("stream_no", sa.ForeignKey("streams.no")),
        _number("first_sq"),
        _number("count"),
        sa.PrimaryKeyConstraint("log", "start"),
        sa.UniqueConstraint("stream_no", "first_sq"),
        sa.CheckConstraint("count > 0", name="count"),
    )
    op.create_table(
        "trees",
        _text("log", primary_key=True),
        _number("size"),
        _number("published_size"),
        _number("published_at"),
        sa.CheckConstraint("published_size <= size", name="size"),
    )


def _sealed() -> None:
    op.create_table(
        "data_keys",
        _text("id", primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id")),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        _text("kek_id"),
        _number("created_at"),
    )
    op.create_table(
        "bodies",
        _number("stream_no"),
        _number("sq"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        _text("data_key"),
        sa.PrimaryKeyConstraint("stream_no", "sq"),
        sa.ForeignKeyConstraint(
            ["stream_no", "sq"],
            ["entries.stream_no", "entries.sq"],
            deferrable=True,
            initially="DEFERRED",
        ),
    )


def _providers() -> None:
    op.create_table(
        "providers",
        _text("id", primary_key=True),
        _text("organization_id", sa.ForeignKey("organizations.id")),
        _text("name"),
        _text("dialect"),
        _text("base_url"),
        sa.Column("credential", sa.LargeBinary),
        sa.Column("data_key", sa.Text, sa.ForeignKey("data_keys.id")),
        _text("models"),
        _text("status"),
        _number("created_at"),
        sa.UniqueConstraint("organization_id", "name"),
        sa.CheckConstraint("status IN ('active', 'suspended')", name="status"),
    )


def _revision() -> None:
    table = op.create_table(
        "revision",
        _number("id", primary_key=True, autoincrement=False),
        _number("value"),
        sa.CheckConstraint("id = 1", name="one"),
    )
    op.bulk_insert(table, [{"id": 1, "value": 0}])


def _text(name: str, *args: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *args, nullable=False, **options)


def _number(name: str, *args: Any, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, *args, nullable=False, **options)
