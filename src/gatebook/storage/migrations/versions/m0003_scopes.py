"""Scopes of agents in place of their models, what is known of providers, and policies in writing.

An agent keeps its models. What it could not be kept from until now is said: any provider, operation
and region, any time and address. Tools that a vendor runs and state that it keeps are not granted.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE agents RENAME COLUMN models TO scope")
    agents = sa.table("agents", sa.column("id", sa.Text), sa.column("scope", sa.Text))
    connection = op.get_bind()
    for id_, models in connection.execute(sa.select(agents.c.id, agents.c.scope)).all():
        scope = json.dumps(_scope(json.loads(models)))
        connection.execute(sa.update(agents).where(agents.c.id == id_).values(scope=scope))

    op.add_column("providers", _added("region", sa.text("''")))
    op.add_column("providers", _added("data_classes", "[]"))
    op.execute("""UPDATE providers SET data_classes = '["*"]'""")

    op.create_table(
        "policies",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )


def _scope(models: list[str]) -> dict[str, object]:
    return {
        "models": models,
        "providers": ["*"],
        "operations": ["*"],
        "regions": ["*"],
        "data_classes": ["*"],
        "hosted_tools": [],
        "state": False,
        "max_tokens": None,
        "sources": ["0.0.0.0/0", "::/0"],
        "hours": ["mon-sun 00:00-24:00 UTC"],
        "expires_at": None,
    }


def _added(name: str, default: str | sa.TextClause) -> sa.Column[str]:
    # SQLite adds no column that may not be empty without one.
    return sa.Column(name, sa.Text, nullable=False, server_default=default)
