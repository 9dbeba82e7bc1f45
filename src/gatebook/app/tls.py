"""TLS of the gate as the settings want it, and its files looked at again and again."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Final

from gatebook.app.authority import CA, keep_certificate
from gatebook.app.config import Config
from gatebook.core.addresses import is_loopback, read_address
from gatebook.core.clock import SECOND_US, Clock, to_text
from gatebook.core.errors import Misconfigured
from gatebook.web.tls import Files, LiveContext, Loaded, load

_LOG: Final = logging.getLogger(__name__)
_WARNED_US: Final = 7 * 24 * 3600 * SECOND_US
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - where a host listens on all its addresses
_HERE: Final = ("localhost", "127.0.0.1", "::1")

State = tuple[tuple[int, int, int], ...]


class Tls:
    """The certificates that the gate shows, and those that it asks for."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """Raises Misconfigured if the files are not there, not sound or do not fit together."""
        self._config = config
        self._clock = clock
        self._files = self._named()
        self._state = _state(self._files)
        self._loaded = self._load()
        self.context = LiveContext(self._loaded.context.protocol)
        self.context.current = self._loaded.context

    async def refresh(self) -> None:
        """Take what has changed of the files; raises Misconfigured and goes on with what there is.

        Raises it too while the certificate is about to expire.
        """
        self._files = self._named()
        state = _state(self._files)
        if state != self._state:
            self._loaded = self._load()
            self.context.current = self._loaded.context
            self._state = state
            _LOG.info("took the certificate in %s", self._files.certificate)
        if self._loaded.ends_us - self._clock.now_us() < _WARNED_US:
            raise Misconfigured(
                "tls_expires",
                f"The certificate in {self._files.certificate} expires at"
                f" {to_text(self._loaded.ends_us)}.",
                "Put a new one in its place; it is taken without a restart.",
            )

    def _load(self) -> Loaded:
        return load(self._files, self._clock.now_us())

    def _named(self) -> Files:
        """The files; those that we keep ourselves are made or renewed first."""
        settings = self._config.tls
        client_ca = Path(settings.client_ca_file) if settings.client_ca_file else None
        if not settings.self_managed:
            return Files(Path(settings.certificate_file), Path(settings.key_file), client_ca)
        folder = authority_folder(self._config)
        kept = keep_certificate(folder, _names(self._config), self._clock.now_us())
        return Files(kept, kept, client_ca)


def authority_folder(config: Config) -> Path:
    """Where the certificate authority of the installation is, if it has one."""
    return config.data / "tls"


def open_tls(config: Config, clock: Clock) -> Tls | None:
    """TLS as the settings want it, None if they want none; raises Misconfigured."""
    if not config.tls.is_wanted:
        _warn_of_plain_http(config)
        return None
    tls = Tls(config, clock)
    if config.tls.self_managed:
        _LOG.info("clients have to trust %s", authority_folder(config) / CA)
    return tls


def _warn_of_plain_http(config: Config) -> None:
    address = read_address(config.gateway.host)
    here = config.gateway.host == "localhost" or (address is not None and is_loopback(address))
    if not here and not config.proxies.trusted:
        _LOG.warning(
            "agents' keys and bodies come in the clear to %s: set [tls], or listen on this machine"
            " only, behind a proxy",
            config.gateway.host,
        )


def _names(config: Config) -> list[str]:
    host = config.gateway.host
    return [*_HERE, *([] if host in _EVERYWHERE else [host]), *config.tls.names]


def _state(files: Files) -> State:
    """What changes when a file is replaced or written to; whether it can be read is seen later."""
    found = []
    for path in filter(None, files):
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(found)
