"""Composes the settings of all packages; the only reader of the environment.

Each table of gatebook.toml is one package's settings. A variable GATEBOOK_<TABLE>_<FIELD> wins over
the file, the file over the default; a list stands in it with commas. A name nobody knows refuses to
start, and the nearest is named.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from gatebook.app.settings import (
    KeySettings,
    LogSettings,
    NotarySettings,
    ServerSettings,
    TelemetrySettings,
    WorkerSettings,
)
from gatebook.core.errors import Misconfigured
from gatebook.gateway.settings import GatewaySettings, MemorySettings, UpstreamSettings
from gatebook.guard.settings import GuardSettings
from gatebook.identity.settings import IdentitySettings
from gatebook.ledger.settings import LedgerSettings
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.settings import StorageSettings
from gatebook.web.client_address import read_networks
from gatebook.web.settings import ProxySettings, TlsSettings

FILE_NAME: Final = "gatebook.toml"
DATABASE_NAME: Final = "gatebook.db"

_PREFIX: Final = "GATEBOOK_"
_FILE_VARIABLE: Final = "GATEBOOK_CONFIG"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting of an installation, one field per table."""

    server: ServerSettings = ServerSettings()
    keys: KeySettings = KeySettings()
    workers: WorkerSettings = WorkerSettings()
    storage: StorageSettings = StorageSettings()
    ledger: LedgerSettings = LedgerSettings()
    notary: NotarySettings = NotarySettings()
    log: LogSettings = LogSettings()
    identity: IdentitySettings = IdentitySettings()
    gateway: GatewaySettings = GatewaySettings()
    upstream: UpstreamSettings = UpstreamSettings()
    tls: TlsSettings = TlsSettings()
    proxies: ProxySettings = ProxySettings()
    memory: MemorySettings = MemorySettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    limits: LimitSettings = LimitSettings()
    guard: GuardSettings = GuardSettings()

    @property
    def data(self) -> Path:
        """The data folder, as an absolute path."""
        return Path(self.server.data).absolute()

    @property
    def database_url(self) -> str:
        """The database, which is in the data folder unless set otherwise."""
        return self.storage.url or f"sqlite:///{self.data / DATABASE_NAME}"


class Setting(NamedTuple):
    """One setting in effect, and where its value comes from."""

    name: str
    value: Any
    origin: str
    description: str


class Loaded(NamedTuple):
    """The settings in effect, every one by itself, and the options that make a child read them."""

    config: Config
    settings: list[Setting]
    arguments: list[str]


def load_config(
    file: Path | None = None,
    *,
    data: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """The settings of this process; raises Misconfigured, naming the setting that is wrong.

    Without `file` it is the one GATEBOOK_CONFIG names, or gatebook.toml here if there is one.
    `data` wins over every other word on where the data folder is.
    """
    environment = os.environ if environment is None else environment
    file = file or _file_named(environment)
    values = _read(file) if file else {}
    origins = {
        f"{table}.{field}": str(file) for table, fields in values.items() for field in fields
    }
    for variable, text in environment.items():
        place = _place(variable)
        if place is not None:
            table, field = place
            values.setdefault(table, {})[field] = _given(table, field, text)
            origins[f"{table}.{field}"] = variable
    if data is not None:
        values.setdefault("server", {})["data"] = str(data)
        origins["server.data"] = "--data"
    config = _convert(values, origins)
    _check_together(config)
    given = (("--config", file), ("--data", data))
    arguments = [part for option, path in given if path for part in (option, str(path))]
    return Loaded(config, _settings(config, origins), arguments)


def tables() -> dict[str, type[msgspec.Struct]]:
    """The settings of each table, by its name."""
    return {field.name: field.type for field in msgspec.structs.fields(Config)}


def _file_named(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(_FILE_VARIABLE)
    if named:
        return Path(named)
    return Path(FILE_NAME) if Path(FILE_NAME).exists() else None


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """The tables of a file, once every name in them is known."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured(
            "config_unreadable", f"{file} cannot be read: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured("config_syntax", f"{file} is not TOML: {error}.") from None
    for table, fields in content.items():
        if table not in tables():
            _unknown(f"[{table}]", f"in {file}", [f"[{name}]" for name in tables()])
        if not isinstance(fields, dict):
            raise Misconfigured("config_value", f"{table} in {file} has to be a table: [{table}].")
        for field in fields:
            if field not in _fields(table):
                _unknown(field, f"in [{table}] of {file}", _fields(table))
    return content


def _place(variable: str) -> tuple[str, str] | None:
    """The table and field that a variable sets; None for one that is none of ours.

    Clients keep their keys in variables such as GATEBOOK_KEY, so not every name is a setting: one
    that begins like a table's, or is nearly a setting's, has to be one.
    """
    if not variable.startswith(_PREFIX) or variable == _FILE_VARIABLE:
        return None
    known = {
        f"{_PREFIX}{table}_{field}".upper(): (table, field)
        for table in tables()
        for field in _fields(table)
    }
    of_a_table = any(variable.startswith(f"{_PREFIX}{table}_".upper()) for table in tables())
    if variable not in known and (of_a_table or get_close_matches(variable, known, cutoff=0.85)):
        _unknown(variable, "in the environment", list(known))
    return known.get(variable)


def _fields(table: str) -> list[str]:
    return [field.name for field in msgspec.structs.fields(tables()[table])]


def _given(table: str, field: str, text: str) -> str | list[str]:
    """The value that a variable holds."""
    (kind,) = [each for each in msgspec.structs.fields(tables()[table]) if each.name == field]
    if isinstance(kind.default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _convert(values: dict[str, dict[str, Any]], origins: Mapping[str, str]) -> Config:
    try:
        return msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        setting = path.rstrip("`")
        table, _, field = setting.partition(".")
        meaning = {
            each.name: describe(each.type) for each in msgspec.structs.fields(tables()[table])
        }
        said = "" if "regex" in reason else f" {reason}."
        raise Misconfigured(
            "config_value",
            f"{setting} from {origins.get(setting, 'the settings')} is wrong.{said}",
            f"It is: {meaning[field]}",
        ) from None


def _check_together(config: Config) -> None:
    """Raise Misconfigured for values that are right alone and together refuse calls for ever."""
    wait, interval = config.ledger.stall_seconds, config.ledger.checkpoint_seconds
    if wait <= interval:
        raise Misconfigured(
            "config_stalls",
            f"ledger.stall_seconds ({wait}) has to be more than ledger.checkpoint_seconds "
            f"({interval}): entries may wait that long to be signed, and calls would be refused.",
            "Take far more, so that a slow checkpoint stops nothing; the defaults are 300 and 5.",
        )
    _check_tls(config.tls)
    read_networks(config.proxies.trusted)
    room = config.memory.bodies_limit_bytes
    largest = config.gateway.body_limit_bytes + config.gateway.reply_limit_bytes
    if room < largest:
        raise Misconfigured(
            "config_no_room",
            f"memory.bodies_limit_bytes ({room}) has to be at least gateway.body_limit_bytes and "
            f"gateway.reply_limit_bytes together ({largest}): the largest call would be told to "
            "try again, for ever.",
            "Raise it to what several calls take together, or lower the limits of one.",
        )


def _check_tls(settings: TlsSettings) -> None:
    """Raise Misconfigured for settings of TLS that contradict one another."""
    if settings.self_managed and settings.certificate_file:
        raise Misconfigured(
            "config_tls",
            "tls.self_managed makes a certificate, and tls.certificate_file names another one.",
            "Take one of the two.",
        )
    if bool(settings.certificate_file) != bool(settings.key_file):
        raise Misconfigured(
            "config_tls",
            "tls.certificate_file and tls.key_file go together.",
            "Name both; they may be one file.",
        )
    if settings.client_ca_file and not settings.is_wanted:
        raise Misconfigured(
            "config_tls",
            "tls.client_ca_file asks for certificates of clients, and there is no TLS.",
            "Set tls.self_managed, or tls.certificate_file and tls.key_file.",
        )


def _settings(config: Config, origins: Mapping[str, str]) -> list[Setting]:
    return [
        Setting(
            name=f"{table}.{field.name}",
            value=getattr(getattr(config, table), field.name),
            origin=origins.get(f"{table}.{field.name}", "default"),
            description=describe(field.type),
        )
        for table, kind in tables().items()
        for field in msgspec.structs.fields(kind)
    ]


def describe(annotation: Any) -> str:
    """The description that an annotated field carries."""
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.description:
            return meta.description
    return ""


def _unknown(name: str, where: str, known: list[str]) -> NoReturn:
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    raise Misconfigured(
        "config_unknown",
        f"There is no setting {name}, as found {where}.",
        f"Did you mean {nearest[0]}?" if nearest else f"Known are {', '.join(known)}.",
    )
