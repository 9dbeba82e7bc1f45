"""The texts of policies, kept for good under the digests that entries name."""

from collections.abc import Mapping

from sqlalchemy import Connection, select, text

from gatebook.storage.tables import policies

# The same for SQLite and PostgreSQL, which several gateways may be writing to.
_KEEP = text("INSERT INTO policies (digest, text) VALUES (:digest, :text) ON CONFLICT DO NOTHING")


def keep_policies(connection: Connection, texts: Mapping[str, bytes]) -> None:
    """Keep those that are not kept yet."""
    rows = [{"digest": digest, "text": text_} for digest, text_ in texts.items()]
    connection.execute(_KEEP, rows)


def policy_text(connection: Connection, digest: str) -> bytes | None:
    """The text kept under a digest, None if there is none; its reader checks that it has it."""
    found = connection.scalar(select(policies.c.text).where(policies.c.digest == digest))
    return None if found is None else bytes(found)
