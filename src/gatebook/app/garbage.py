"""Python's search for garbage in cycles, made as rare as a process that serves calls needs it.

A call makes hundreds of objects and leaves next to none of them in a cycle. As it comes, Python
searches every second call or so, and after a while everything there is, while all calls wait.
"""

import gc
from typing import Final

_NEW_OBJECTS: Final = 50_000
"""Objects that may come to be before it searches among them: a few megabytes."""


def search_seldom() -> None:
    """Search rarely from now on, and never again in what there is already, which is to stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
