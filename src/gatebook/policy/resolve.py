"""One agent's policy: whether what is asked is permitted, and which providers may take it.

Calling and listing ask the same question here, so that a list shows what can be called. The answer
to operation and model is decided once for each pair; the rest is looked at for each call.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from gatebook.core.errors import Refused
from gatebook.formats import Call, Operation, Terms
from gatebook.identity.directory import Provider, Scope
from gatebook.policy.circumstances import HARMLESS, Circumstances
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.patterns import Patterns
from gatebook.policy.scope import checks
from gatebook.policy.written import digest_of, joined, providers_text, scope_text
from gatebook.providers import members_known

_REMEMBERED: Final = 1000
"""Models of an agent whose permit is kept; beyond it each call is decided anew."""


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """A call may leave on these terms: to the first provider, or to the next if that one cannot."""

    providers: tuple[Provider, ...]
    terms: Terms
    rule: str
    policy: "Policy"

    @property
    def provider(self) -> Provider:
        """The provider that is asked first."""
        return self.providers[0]

    def fitted(self, call: Call) -> Call:
        """The call as it may leave to the first provider: what it leaves open, the terms close."""
        provider = self.provider
        knows = members_known(provider.dialect, provider.base_url, call.query)
        return call.operation.format.fitted(call, replace(self.terms, knows=knows))


class _Offer(NamedTuple):
    provider: Provider
    models: Patterns
    classes: Patterns | None
    """None: it may be sent anything."""


class Offers:
    """The providers of an organization, in the order in which they are asked."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = tuple(providers)
        self.all = tuple(
            _Offer(
                provider,
                Patterns(provider.models),
                None if "*" in provider.data_classes else Patterns(provider.data_classes),
            )
            for provider in self._providers
        )
        self.text = providers_text(self._providers)
        self.digest = digest_of(self.text)


class Policy:
    """What one agent may do, compiled from one state of the directory."""

    def __init__(self, scope: Scope, offers: Offers, guard: GuardPolicy) -> None:
        self._checks = checks(scope)
        self._models = Patterns(scope.models)
        self._operations = Patterns(scope.operations)
        self._providers = Patterns(scope.providers)
        self._regions = Patterns(scope.regions)
        self._terms = Terms(max_tokens=scope.max_tokens, is_stateless=not scope.state)
        self._offers = offers.all
        self._limits_classes = any(offer.classes is not None for offer in offers.all)
        self._permits: dict[tuple[str, str, str], Permit] = {}
        self.guard = guard
        """What is done about what is found in a call and in its answer."""
        self.digest = joined(digest_of(scope_text(scope)), offers.digest, guard.digest)

    def resolve(self, call: Call, at: Circumstances) -> Permit | Refused:
        """The permit for a call, or why there is none."""
        for check in self._checks:
            refusal = check(call, at)
            if refusal is not None:
                return refusal
        found = self._route(call)
        if isinstance(found, Permit):
            if self._limits_classes:
                found = self._by_classes(found, call, at)
            if call.choices > 1:
                found = self._shared_out(found, call.choices)
        return found

    def permitted(
        self, model: str, at: Circumstances, operations: Iterable[Operation]
    ) -> Iterator[tuple[Call, Permit]]:
        """What may be asked of a model by these operations, when and where a list is asked.

        What can be asked depends on what is said, too: something harmless.
        """
        at = at._replace(inspection=HARMLESS)
        for operation in operations:
            if operation.has_body:
                call = Call(operation=operation, path=operation.path, model=model)
                found = self.resolve(call, at)
                if isinstance(found, Permit):
                    yield call, found

    def _route(self, call: Call) -> Permit | Refused:
        """What follows from operation and model alone."""
        key = (call.operation.dialect, call.operation.name, call.model)
        found: Permit | Refused | None = self._permits.get(key)
        if found is None:
            found = self._decide(call)
            if isinstance(found, Permit) and len(self._permits) < _REMEMBERED:
                self._permits[key] = found
        return found

    def _decide(self, call: Call) -> Permit | Refused:
        if not self._operations.match(call.operation.name):
            return Refused(
                "operation_not_allowed",
                f"The agent may not ask for {call.operation.name}.",
                "Ask the owner of the agent to have it granted.",
                rule="agent.scope.operations",
            )
        if _is_of_a_model(call) and not self._models.match(call.model):
            return Refused(
                "model_not_allowed",
                f"The agent may not use the model {call.model or '(none is named)'}.",
                "Ask the owner of the agent to have it granted.",
                rule="agent.scope.models",
            )
        return self._among_offers(call)

    def _among_offers(self, call: Call) -> Permit | Refused:
        dialect = call.operation.dialect
        offers = [offer for offer in self._offers if offer.provider.dialect == dialect]
        if not offers:
            return _no_provider("provider.dialect")
        offers = [offer for offer in offers if self._providers.match(offer.provider.name)]
        if not offers:
            return Refused(
                "provider_not_allowed",
                "The agent may use none of the providers that take this call.",
                "Ask the owner of the agent to have one granted.",
                rule="agent.scope.providers",
            )
        offers = [offer for offer in offers if self._regions.match(offer.provider.region)]
        if not offers:
            return Refused(
                "region_not_allowed",
                "No provider that the agent may use is in a region that it may use.",
                "Ask the owner of the agent to have the region granted.",
                rule="agent.scope.regions",
            )
        if _is_of_a_model(call):
            offers = [offer for offer in offers if offer.models.match(call.model)]
            if not offers:
                return _no_provider("provider.models")
        return Permit(
            providers=tuple(offer.provider for offer in offers),
            terms=self._terms,
            rule="agent.scope",
            policy=self,
        )

    def _by_classes(self, permit: Permit, call: Call, at: Circumstances) -> Permit | Refused:
        """The permit for those providers that may be sent what was found in the text."""
        left = tuple(
            offer.provider
            for offer in self._offers
            if offer.provider in permit.providers
            and (offer.classes is None or at.show_only(call, offer.classes))
        )
        if left:
            return replace(permit, providers=left)
        return Refused(
            "data_class_not_allowed",
            "No provider may be sent what the text holds, or nobody looked what it holds.",
            "Leave the data out, or ask an administrator for a provider that may be sent it.",
            rule="provider.data_classes",
        )

    def _shared_out(self, found: Permit | Refused, choices: int) -> Permit | Refused:
        """Terms are of each choice, the scope's limit is of them all."""
        if isinstance(found, Refused) or found.terms.max_tokens is None:
            return found
        each = found.terms.max_tokens // choices
        return replace(found, terms=replace(found.terms, max_tokens=each))


def _is_of_a_model(call: Call) -> bool:
    """Whether a model is asked, by name or by default; a list of things is of none."""
    return bool(call.model) or call.operation.has_body


def _no_provider(rule: str) -> Refused:
    return Refused(
        "provider_not_allowed",
        "No provider of the organization takes this call.",
        "Ask its administrator to add one: gatebook provider add --help",
        rule=rule,
    )
