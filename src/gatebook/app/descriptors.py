"""Enough descriptors for all connections, so that none of them keeps a gate from looking at a file.

A stop is a file: a gate that has no descriptor left does not see it.
"""

import resource
from typing import Final

from gatebook.core.errors import Misconfigured

_BESIDE: Final = 256
"""For databases, listeners, logs and libraries; an idle gate holds about thirty."""


def make_room(connections: int) -> None:
    """Have room for so many connections of agents, and one to a provider for each.

    Raises Misconfigured if the system does not let this process have it.
    """
    needed = 2 * connections + _BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_below(needed, hard):
        raise Misconfigured(
            "descriptors_too_few",
            f"{connections} connections need {needed} open files, and {hard} are allowed.",
            "Have more allowed (ulimit -n, LimitNOFILE=), or lower `gateway.connection_limit`.",
        )
    if _is_below(needed, soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _is_below(needed: int, limit: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed
