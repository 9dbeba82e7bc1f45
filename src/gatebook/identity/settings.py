"""Settings of identities; table `[identity]` of gatebook.toml."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

_DAY: Final = 24 * 3600

MAX_GRACE_SECONDS: Final = 7 * _DAY


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the keys of agents live."""

    key_life_seconds: Annotated[
        int,
        Meta(ge=60, le=366 * _DAY, description="Life of an agent key from its issue."),
    ] = 90 * _DAY
    rotation_grace_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_GRACE_SECONDS,
            description="How long a rotated key keeps working beside its successor.",
        ),
    ] = _DAY
