"""Add a provider: where calls may go, and the credential they go with."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import ModelPattern, NamePattern, Slug
from gatebook.control.target import check_target
from gatebook.core.errors import Conflict, Invalid
from gatebook.core.ids import new_id
from gatebook.core.secret import Secret
from gatebook.identity.directory import Provider, credential_cell
from gatebook.ledger.events.provider import ProviderAdded
from gatebook.providers import COMPATIBLE


class AddProvider(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add a provider; its API key is sealed at once and can never be shown again.

    The key is read from a file, from standard input (`--key-file -`) or from a prompt.
    """

    verb: ClassVar[str] = "provider add"
    says: ClassVar[str] = "Provider {provider} is added."
    subject: ClassVar[str] = "provider"
    examples: ClassVar[tuple[str, ...]] = (
        "provider add openai --key-file openai.key",
        "provider add claude --dialect anthropic --key-file anthropic.key --model 'claude-*'",
        "provider add groq --key-file groq.key --model 'openai/gpt-oss-*'",
        "provider add local --base-url http://127.0.0.1:11434/v1 --model 'llama*' --no-key",
    )

    provider: Annotated[Slug, Meta(description="Name of the provider, unique here.")]
    key: Annotated[Secret | None, Meta(description="Its API key")]
    dialect: Annotated[str, Meta(description="Protocol it speaks.")] = "openai"
    base_url: Annotated[
        str,
        Meta(
            description="Address of its API, as an SDK takes it; empty: the one known for the "
            "name or the dialect.",
            max_length=400,
        ),
    ] = ""
    model: Annotated[
        tuple[ModelPattern, ...],
        Meta(description="Model it serves, such as 'gpt-*'; may be repeated.", min_length=1),
    ] = ("*",)
    region: Annotated[
        str,
        Meta(
            title="lower-case letters, digits and hyphens",
            description="Where it is, such as eu-central-1; scopes may name it.",
            pattern=r"\A[a-z0-9-]*\Z",
            max_length=40,
        ),
    ] = ""
    data_class: Annotated[
        tuple[NamePattern, ...],
        Meta(description="Class of data that may be sent there; may be repeated.", min_length=1),
    ] = ("*",)
    plain_http: Annotated[
        bool, Meta(description="Allow http:// beyond this machine, where others can read it.")
    ] = False

    def change(self, context: Context) -> Outcome:
        """A new provider with its credential sealed; Conflict if the name is taken."""
        organization_id = context.organization_id
        if self.dialect not in context.dialects:
            known = ", ".join(sorted(context.dialects))
            raise Invalid(
                "dialect_unknown", f"No provider speaks {self.dialect}.", f"Known: {known}."
            )
        base_url = self.base_url or _known(self) or context.dialects[self.dialect].BASE_URL
        if not base_url:
            raise Invalid(
                "base_url_missing",
                f"There is no one address for {self.dialect}.",
                "Give its own: --base-url https://NAME.openai.azure.com",
            )
        check_target(base_url, plain_http=self.plain_http)
        if context.records.find(Provider, organization_id=organization_id, name=self.provider):
            raise Conflict(
                "provider_exists",
                f"There is a provider {self.provider}.",
                f"Replace its key: gatebook provider rekey {self.provider}",
            )
        id_ = new_id("prv", context.entropy)
        sealed = None
        if self.key is not None:
            plain = self.key.reveal().encode()
            sealed = context.data_key.seal(plain, credential_cell(id_), context.entropy)
        provider = Provider(
            id=id_,
            organization_id=organization_id,
            name=self.provider,
            dialect=self.dialect,
            base_url=base_url,
            credential=sealed,
            data_key=context.data_key.id if sealed else None,
            models=self.model,
            region=self.region,
            data_classes=self.data_class,
            created_at=context.now_us,
        )
        return Outcome(
            event=partial(ProviderAdded, object=id_, dialect=self.dialect, region=self.region),
            saves=(provider,),
            answer={"provider": provider.name, "id": id_, "base_url": base_url},
        )


def _known(order: AddProvider) -> str:
    """The address of a well-known server that is added under its name; empty if it is none."""
    return COMPATIBLE.get(order.provider, "") if order.dialect == "openai" else ""
