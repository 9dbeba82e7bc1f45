"""Kills this process, as `kill -9` does, at the step that a test chose."""

import os
import signal


class Fuse:
    """Burns through at the given step; 0 never does."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self) -> None:
        """One step that a process may not survive."""
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
