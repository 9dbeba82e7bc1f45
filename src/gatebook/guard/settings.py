"""Settings of the guard; table `[guard]` of gatebook.toml."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the guard does about what it finds where no rule of an administrator says it."""

    data: Annotated[
        Literal["allow", "record", "mask", "redact", "block"],
        Meta(description="What is done about data of any class."),
    ] = "record"
    blind: Annotated[
        Literal["allow", "record", "block"],
        Meta(description="What is done about parts that cannot be looked into, such as images."),
    ] = "record"
    threats: Annotated[
        Literal["observe", "flag", "block", "quarantine"],
        Meta(description="What is done about what looks like an attack."),
    ] = "flag"
    attacks: Annotated[
        bool,
        Meta(
            description="Whether texts are scored for attacks, which takes several milliseconds for"
            " a large one."
        ),
    ] = False
    on_failure: Annotated[
        Literal["closed", "open"],
        Meta(
            description="What becomes of a call that the guard fails to look at: closed refuses it,"
            " open lets it pass and records that nobody looked."
        ),
    ] = "closed"


AS_SHIPPED: Final = GuardSettings()
