"""Addresses of providers as their SDKs take them: OpenAI's has the version of the API in it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    providers = sa.table("providers", sa.column("dialect"), sa.column("base_url"))
    as_taken = sa.func.rtrim(providers.c.base_url, "/").concat("/v1")
    op.execute(providers.update().where(providers.c.dialect == "openai").values(base_url=as_taken))
