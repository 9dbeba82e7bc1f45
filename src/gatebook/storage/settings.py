"""Settings of the database; table `[storage]` of gatebook.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta


class StorageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the book and the directory are kept."""

    url: Annotated[
        str,
        Meta(
            pattern=r"\A(sqlite:///.+|postgresql\+psycopg://([^:@/]*@)?[^@]*)?\Z",
            description=(
                "sqlite:///path or postgresql+psycopg://user@host/name; empty: SQLite in the data "
                "folder. Never a password: libpq reads it from ?passfile=/path."
            ),
        ),
    ] = ""
    wait_seconds: Annotated[
        int,
        Meta(ge=1, le=60, description="Wait for a connection or a lock before a call is refused."),
    ] = 5
