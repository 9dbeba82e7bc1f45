"""The nine kinds of failure, sorted by what the caller can do next.

`web/problem.py` is the one table that turns a kind into an HTTP status and body.
A decision is a value, a failure is one of these exceptions, a skipped check is neither.
"""

from typing import ClassVar


class GatebookError(Exception):
    """Base of every failure that may be shown.

    `code` is stable and machine-readable (`snake_case`), `detail` is always safe to show to the
    caller, `hint` says the next step. `retry_after_seconds` is set when waiting can help, `rule`
    when a rule of a policy decided, which is then on record. `status` is the HTTP status that the
    operator chose for this failure, 0 if there is no choice.
    """

    kind: ClassVar[str] = "error"

    def __init__(
        self,
        code: str,
        detail: str,
        hint: str = "",
        *,
        retry_after_seconds: int | None = None,
        rule: str = "",
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.retry_after_seconds = retry_after_seconds
        self.rule = rule
        self.status = 0

    def __str__(self) -> str:
        return f"{self.detail} {self.hint}".rstrip()


class Invalid(GatebookError):
    """The request itself is wrong; the caller has to change it."""

    kind = "invalid"


class Unidentified(GatebookError):
    """No valid credential; the caller has to present another one."""

    kind = "unidentified"


class Refused(GatebookError):
    """The principal is known and may not do this; somebody has to grant it."""

    kind = "refused"


class NotFound(GatebookError):
    """The thing named does not exist, or the caller may not know that it does."""

    kind = "not_found"


class Conflict(GatebookError):
    """The state has moved on; read again and decide again."""

    kind = "conflict"


class Exhausted(GatebookError):
    """A limit or a budget is spent; wait, or have it raised."""

    kind = "exhausted"


class Unavailable(GatebookError):
    """Something we depend on does not answer; the same request may work later."""

    kind = "unavailable"


class Tampered(GatebookError):
    """What was read is not what was written; stop and investigate."""

    kind = "tampered"


class Misconfigured(GatebookError):
    """The installation is set up wrongly; the operator has to mend it."""

    kind = "misconfigured"
