"""Every table, once, for SQLite and PostgreSQL alike.

Times are BIGINT microseconds since the epoch, identifiers and enumerations are TEXT, lists are TEXT
holding JSON. Foreign keys that name the organization twice keep tenants apart in the database too.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _text(name: str, *args: Any, **options: Any) -> Column[str]:
    return Column(name, Text, *args, nullable=False, **options)


def _number(name: str, *args: Any, **options: Any) -> Column[int]:
    return Column(name, BigInteger, *args, nullable=False, **options)


def _status(*values: str) -> CheckConstraint:
    return CheckConstraint(f"status IN ({', '.join(map(repr, values))})", name="status")


# -- the book ------------------------------------------------------------------------------------

streams = Table(
    "streams",
    METADATA,
    # Numbers are never used twice, not even after a delete: entries name them for ever.
    Column("no", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _text("log"),
    _text("sid", unique=True),
    _text("writer"),
    _number("opened_at"),
    Index(None, "log", "writer", "no"),
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    METADATA,
    # No foreign key to streams: only the writer inserts, and it would be looked up per entry.
    # An ordinary rowid table on SQLite: measured, WITHOUT ROWID is no faster for one stream and a
    # quarter slower for eight that grow side by side.
    _number("stream_no"),
    _number("sq"),
    Column("leaf", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream_no", "sq"),
)

runs = Table(
    "runs",
    METADATA,
    # The global index of an entry is start + (sq - first_sq).
    _text("log"),
    _number("start"),
    _number("stream_no", ForeignKey("streams.no")),
    _number("first_sq"),
    _number("count"),
    PrimaryKeyConstraint("log", "start"),
    UniqueConstraint("stream_no", "first_sq"),
    CheckConstraint("count > 0", name="count"),
)

trees = Table(
    "trees",
    METADATA,
    _text("log", primary_key=True),
    _number("size"),
    _number("published_size"),
    _number("published_at"),
    CheckConstraint("published_size <= size", name="size"),
)

# -- what is sealed ------------------------------------------------------------------------------

data_keys = Table(
    "data_keys",
    METADATA,
    _text("id", primary_key=True),
    # Absent: a key of the platform itself.
    Column("organization_id", Text, ForeignKey("organizations.id")),
    Column("wrapped", LargeBinary, nullable=False),
    _text("kek_id"),
    _number("created_at"),
)

bodies = Table(
    "bodies",
    METADATA,
    _number("stream_no"),
    _number("sq"),
    Column("sealed", LargeBinary, nullable=False),
    # No foreign key: destroying the data key erases the body and leaves the row as evidence of it.
    _text("data_key"),
    PrimaryKeyConstraint("stream_no", "sq"),
    # Checked at commit, because a body is written just before its entry.
    ForeignKeyConstraint(
        ["stream_no", "sq"],
        ["entries.stream_no", "entries.sq"],
        deferrable=True,
        initially="DEFERRED",
    ),
)

# -- the directory -------------------------------------------------------------------------------

organizations = Table(
    "organizations",
    METADATA,
    _text("id", primary_key=True),
    _text("slug", unique=True),
    _text("name"),
    _text("status"),
    _number("created_at"),
    _status("active", "suspended"),
)

workspaces = Table(
    "workspaces",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    _text("slug"),
    _text("name"),
    _number("created_at"),
    UniqueConstraint("organization_id", "slug"),
    UniqueConstraint("organization_id", "id"),
)

people = Table(
    "people",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    _text("name"),
    _text("email"),
    _number("created_at"),
    UniqueConstraint("organization_id", "email"),
    UniqueConstraint("organization_id", "id"),
)

agents = Table(
    "agents",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id"),
    _text("workspace_id"),
    _text("owner_id"),
    _text("name"),
    _text("purpose"),
    _text("scope"),
    _text("status"),
    _number("epoch"),
    _number("created_at"),
    _status("active", "suspended", "retired"),
    ForeignKeyConstraint(
        ["organization_id", "workspace_id"], ["workspaces.organization_id", "workspaces.id"]
    ),
    ForeignKeyConstraint(["organization_id", "owner_id"], ["people.organization_id", "people.id"]),
    Index(None, "organization_id", "name", unique=True),
)

agent_keys = Table(
    "agent_keys",
    METADATA,
    _text("id", primary_key=True),
    _text("agent_id", ForeignKey("agents.id"), index=True),
    Column("mac", LargeBinary, nullable=False),
    _number("pepper_version"),
    _text("last4"),
    _text("status"),
    _number("issued_at"),
    _number("expires_at"),
    Column("superseded_by", Text, ForeignKey("agent_keys.id")),
    # End of the grace after a rotation; absent: not rotated.
    Column("ends_at", BigInteger),
    Column("revoked_at", BigInteger),
    _status("active", "revoked"),
)

providers = Table(
    "providers",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    _text("name"),
    _text("dialect"),
    _text("base_url"),
    # Sealed under the organization's data key; absent: the provider needs no credential.
    Column("credential", LargeBinary),
    Column("data_key", Text, ForeignKey("data_keys.id")),
    _text("models"),
    _text("region", server_default=text("''")),
    _text("data_classes", server_default="[]"),
    # Absent: nobody promised anything.
    Column("availability_ppm", BigInteger),
    _text("status"),
    _number("created_at"),
    UniqueConstraint("organization_id", "name"),
    _status("active", "suspended"),
)

policies = Table(
    "policies",
    METADATA,
    # What decisions were made by, under the digests that entries name; never changed or removed.
    _text("digest", primary_key=True),
    Column("text", LargeBinary, nullable=False),
)

fallbacks = Table(
    "fallbacks",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    _text("model"),
    _text("provider_id", ForeignKey("providers.id")),
    _text("target"),
    _number("created_at"),
)

probes = Table(
    "probes",
    METADATA,
    # No foreign key: what a provider was like is told after it was removed, too.
    _text("provider_id"),
    _number("at"),
    _text("result"),
    _number("latency_ms"),
    PrimaryKeyConstraint("provider_id", "at"),
)

probe_turns = Table(
    "probe_turns",
    METADATA,
    # Whichever gateway sets a turn that is due to its next time takes it.
    _text("provider_id", primary_key=True),
    _number("due_at"),
)

provider_hours = Table(
    "provider_hours",
    METADATA,
    # What came of the calls of agents, by the hour in which they ended.
    _text("provider_id"),
    _number("hour"),
    _number("answered"),
    _number("failed"),
    PrimaryKeyConstraint("provider_id", "hour"),
)

limits = Table(
    "limits",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    _text("subject"),
    _text("subject_id"),
    _text("measure"),
    _text("period"),
    _number("amount"),
    _number("created_at"),
    UniqueConstraint("subject_id", "measure", "period"),
    CheckConstraint("amount > 0", name="amount"),
)

prices = Table(
    "prices",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    # Empty: at all of the organization's providers.
    _text("provider_id"),
    _text("model"),
    _number("input"),
    _number("cached_input"),
    _number("cache_write"),
    _number("cache_write_long"),
    _number("output"),
    _number("context_window"),
    Column("hides_output", Boolean, nullable=False),
    _number("created_at"),
    UniqueConstraint("organization_id", "provider_id", "model"),
)

stops = Table(
    "stops",
    METADATA,
    _text("id", primary_key=True),
    # Absent: it holds in every organization.
    Column("organization_id", Text, ForeignKey("organizations.id")),
    _text("kind"),
    # No foreign key: it is of one table or another, or a pattern, and outlives a removed provider.
    _text("subject"),
    _text("status"),
    _number("engaged_at"),
    # A stop that was released stays: whoever still holds the order for it sees that it is over.
    Column("released_at", BigInteger),
    _status("engaged", "released"),
)

guard_rules = Table(
    "guard_rules",
    METADATA,
    _text("id", primary_key=True),
    _text("organization_id", ForeignKey("organizations.id")),
    # Of an agent, of a workspace or, if both are absent, of the organization.
    Column("workspace_id", Text),
    Column("agent_id", Text, ForeignKey("agents.id")),
    _text("direction"),
    _text("what"),
    _text("region"),
    _text("action"),
    Column("threshold", BigInteger),
    _number("created_at"),
    ForeignKeyConstraint(
        ["organization_id", "workspace_id"], ["workspaces.organization_id", "workspaces.id"]
    ),
    CheckConstraint("workspace_id IS NULL OR agent_id IS NULL", name="owner"),
)

# -- what is used of limits ----------------------------------------------------------------------

accounts = Table(
    "accounts",
    METADATA,
    # No foreign key: what was used of a limit outlives it.
    _text("limit_id"),
    _number("start"),
    _text("kind"),
    _number("used"),
    _number("lost"),
    _number("refilled_at"),
    PrimaryKeyConstraint("limit_id", "start"),
)

leases = Table(
    "leases",
    METADATA,
    _text("limit_id"),
    _number("start"),
    _text("holder"),
    _number("amount"),
    _number("spent"),
    _number("expires_at", index=True),
    _number("purse", server_default="0"),
    PrimaryKeyConstraint("limit_id", "start", "holder"),
    ForeignKeyConstraint(["limit_id", "start"], ["accounts.limit_id", "accounts.start"]),
)

# -- the rest ------------------------------------------------------------------------------------

idempotency = Table(
    "idempotency",
    METADATA,
    # What an order did; its digest is keyed and its answer holds no secret.
    _text("log"),
    _text("key"),
    Column("digest", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    _number("stream_no", ForeignKey("streams.no")),
    _number("sq"),
    PrimaryKeyConstraint("log", "key"),
)

revision = Table(
    "revision",
    METADATA,
    # One row; every administrative change raises it, so that snapshots know they are old.
    _number("id", primary_key=True, autoincrement=False),
    _number("value"),
    CheckConstraint("id = 1", name="one"),
)

# -- the processes -------------------------------------------------------------------------------

gateways = Table(
    "gateways",
    METADATA,
    # What each gateway last said of itself; nothing is decided by it.
    _text("name", primary_key=True),
    _text("host"),
    _number("pid"),
    _text("address"),
    _text("version"),
    _text("status"),
    # The state of the directory that its calls are decided on.
    _number("revision"),
    _number("started_at"),
    # By the database's clock, so that it can be compared whoever wrote it.
    _number("beat_at"),
    _status("serving", "draining"),
)
