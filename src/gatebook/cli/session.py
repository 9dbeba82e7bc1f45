"""What one run of the command line shares: its settings, loaded when they are first asked for."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gatebook.core.errors import Invalid, NotFound

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
        return self.load()

    def load(self) -> "Loaded":
        """The settings as they are at this moment."""
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

    def only_log(self) -> str:
        """The one organization's log, where none is named; raises NotFound or Invalid."""
        slugs = [organization.slug for organization in self.directory.organizations.values()]
        if len(slugs) == 1:
            return slugs[0]
        if not slugs:
            raise NotFound("log_unknown", "There is no log yet.", "gatebook agent enroll --help")
        raise Invalid("log_unclear", f"Which log? There are {', '.join(slugs[:5])} and platform.")
