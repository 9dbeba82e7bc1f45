"""One holder at a time, and the lock is free once that one has let go."""

from pathlib import Path

import pytest

from gatebook.app.file_lock import locked
from gatebook.core.errors import Conflict

TAKEN = Conflict("taken", "Taken.")


def take(path: Path) -> None:
    """Hold the lock for no time at all."""
    with locked(path, TAKEN):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_lock_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, TAKEN), pytest.raises(Conflict, match="Taken"):
        take(path)
    take(path)
