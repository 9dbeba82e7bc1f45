"""The texts of policies, kept for good under the digests that entries name."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from gatebook.storage.tables import policies
from gatebook.storage.upsert import insert


def keep_policies(connection: Connection, texts: Mapping[str, bytes]) -> None:
    """Keep those that are not kept yet."""
    rows = [{"digest": digest, "text": text} for digest, text in texts.items()]
    connection.execute(insert(connection, policies).on_conflict_do_nothing(), rows)


def policy_text(connection: Connection, digest: str) -> bytes | None:
    """The text kept under a digest, None if there is none; its reader checks that it has it."""
    found = connection.scalar(select(policies.c.text).where(policies.c.digest == digest))
    return None if found is None else bytes(found)
