"""Settings of the gate's listener: tables `[tls]` and `[proxies]` of gatebook.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS of the gate, version 1.3 and no other; without a certificate there is none.

    Files are read again when they change; connections that are open go on.
    """

    certificate_file: Annotated[
        str, Meta(description="Certificate of the gate and those between it and its root, PEM.")
    ] = ""
    key_file: Annotated[
        str, Meta(description="Private key of the certificate, PEM, not encrypted.")
    ] = ""
    self_managed: Annotated[
        bool,
        Meta(
            description="Make a certificate and renew it, by an authority of this installation's"
            " own, in `tls` of the data folder; clients trust its `ca.pem`."
        ),
    ] = False
    names: Annotated[
        tuple[str, ...],
        Meta(
            description="Names and addresses that the self-managed certificate is for, beside"
            " localhost and gateway.host."
        ),
    ] = ()
    client_ca_file: Annotated[
        str,
        Meta(
            description="Authorities of clients, PEM; a client without a certificate of theirs is"
            " not listened to. Agents still need their keys."
        ),
    ] = ""

    @property
    def is_wanted(self) -> bool:
        """Whether the gate is to speak TLS."""
        return self.self_managed or bool(self.certificate_file)


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Proxies before the gate, whose word on who they speak for is taken."""

    trusted: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks of proxies whose X-Forwarded-For is believed; from"
            " anybody else it is ignored."
        ),
    ] = ()
