"""Settings of the installation itself and of the processes around its book.

Tables `[server]`, `[keys]`, `[workers]`, `[notary]`, `[log]` and `[telemetry]` of gatebook.toml.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where this installation keeps its things."""

    data: Annotated[
        str,
        Meta(
            min_length=1,
            description="Data folder: keys, log and, unless set otherwise, the database.",
        ),
    ] = "./gatebook-data"


class KeySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the keys of this installation are read from; empty: in `keys` of the data folder.

    They are made at the first start only in the data folder; a file named here has to exist.
    """

    kek_file: Annotated[
        str, Meta(description="Key-encryption key: 32 bytes in base64; wraps all data keys.")
    ] = ""
    pepper_file: Annotated[
        str,
        Meta(description="Peppers of agent keys: lines of version and 32 bytes in base64."),
    ] = ""
    installation_file: Annotated[
        str, Meta(description="Seed of the key this host signs with: 32 bytes in base64.")
    ] = ""


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many gateways run here, and what they are called in the book."""

    count: Annotated[
        int,
        Meta(
            ge=1,
            le=32,
            description="Gateways that share the address of the gate; one for each core, and limits"
            " of the gateway are those of each.",
        ),
    ] = 1
    name: Annotated[
        str,
        Meta(
            pattern=r"\A(?!(cli|integrator|notary)\Z)[a-z][a-z0-9-]{0,31}\Z",
            description="Under this name the first one writes its streams, the second under the"
            " name with .2 behind it; every machine on one database needs another.",
        ),
    ] = "gateway"

    def role(self, number: int) -> str:
        """What the gateway of a number is called."""
        return self.name if number == 1 else f"{self.name}.{number}"


class NotarySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs the book, and where it is reached."""

    embedded: Annotated[
        bool, Meta(description="`gatebook serve` runs the notary as a child process.")
    ] = True
    address: Annotated[
        str,
        Meta(
            pattern=r"\A(unix:.+|http://[^/?#@]+:[0-9]+)?\Z",
            description=(
                "unix:/path or http://host:port, for the notary to listen on and for others to "
                "reach it; empty: a socket in its folder."
            ),
        ),
    ] = ""
    folder: Annotated[
        str,
        Meta(description="The notary's keys and memory; empty: `notary` in the data folder."),
    ] = ""
    log: Annotated[
        str,
        Meta(
            description=(
                "Folder or http://host:port from which the notary reads published entries; "
                "empty: `log` in the data folder."
            )
        ),
    ] = ""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the published log can be read; it holds no personal data and no secret."""

    host: Annotated[str, Meta(description="Address the log is served on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port; 0 takes a free one.")] = 8485


class TelemetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told of calls beside the book, and to whom; no prompt and no secret is in any of it.

    Nothing of it listens or leaves unless it is turned on.
    """

    metrics: Annotated[
        bool, Meta(description="Serve metrics for Prometheus, on a port of their own.")
    ] = False
    metrics_host: Annotated[
        str,
        Meta(description="Address the metrics are served on; nobody is asked who they are there."),
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65472,
            description="Port of the metrics of the first gateway here; the n-th takes the n-th"
            " from there. 0 takes a free one.",
        ),
    ] = 8487
    metrics_by_agent: Annotated[
        bool, Meta(description="Count by agent too: two metrics, with a label for each agent.")
    ] = False
    otlp_endpoint: Annotated[
        str,
        Meta(
            pattern=r"\A(https?://[^/?#@\s]+(/[^?#\s]*)?)?\Z",
            description="Whole address that traces are sent to, such as"
            " http://127.0.0.1:4318/v1/traces (OTLP over HTTP); empty: calls are not traced.",
        ),
    ] = ""
    trace_ratio: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of calls that are traced; where an agent's own trace is continued,"
            " the agent has decided.",
        ),
    ] = 1.0
    log_format: Annotated[
        Literal["text", "json"], Meta(description="How the lines of the processes look.")
    ] = "text"
    access_log: Annotated[
        bool, Meta(description="Log a line for each call of a known agent that has ended.")
    ] = False
