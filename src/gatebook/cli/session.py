"""What one run of the command line shares: its settings, loaded when they are first asked for."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatebook.app.config import Config, Loaded
    from gatebook.identity.directory import Directory


class Session:
    """The options that stand before the verb."""

    def __init__(self, file: Path | None, data: Path | None) -> None:
        self._file = file
        self._data = data

    @cached_property
    def loaded(self) -> "Loaded":
        """The settings in effect, and where each comes from."""
        from gatebook.app.config import load_config

        return load_config(self._file, data=self._data)

    @property
    def config(self) -> "Config":
        """The settings in effect."""
        return self.loaded.config

    @property
    def directory(self) -> "Directory":
        """Who is who at this moment."""
        from gatebook.app.wiring import read_directory

        return read_directory(self.config)
