"""Policies in writing: the texts that their digests stand for, and the words people read.

A policy is three texts, the scope of an agent, the providers of its organization and what its guard
does, so that agents share them and a change makes few new ones. Its digest names them all.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from gatebook.core import json_profile
from gatebook.core.clock import to_text
from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import GuardRule, Provider, Scope
from gatebook.policy.hours import ALWAYS
from gatebook.policy.sources import ANYWHERE

_DIGEST_BYTES: Final = 18
"""144 bits: nobody finds two policies with one digest, not even who may write both."""

_DIRECTIONS: Final = {"request": " in requests", "reply": " in replies", "both": ""}

_ALL: Final = {"sources": set(ANYWHERE), "hours": {ALWAYS}}
"""What leaves nothing out, and is longer than its word."""


def scope_text(scope: Scope) -> bytes:
    """A scope as its digest is of it; what only the order of a list tells apart is one scope."""
    said = msgspec.to_builtins(scope)
    return json_profile.encode(
        {name: sorted(set(value)) if _is_list(value) else value for name, value in said.items()}
    )


def providers_text(providers: Iterable[Provider]) -> bytes:
    """An organization's providers as their digest is of them, in the order they are asked."""
    return json_profile.encode(
        {
            "providers": [
                {
                    "data_classes": sorted(provider.data_classes),
                    "dialect": provider.dialect,
                    "id": provider.id,
                    "models": sorted(provider.models),
                    "name": provider.name,
                    "region": provider.region,
                    "url": provider.base_url,
                }
                for provider in providers
            ]
        }
    )


def guard_text(rules: Iterable[GuardRule], settings: GuardSettings) -> bytes:
    """The guard rules that bind an agent, and the settings behind them; rules have no order."""
    return json_profile.encode(
        {
            "guard": {
                "attacks": settings.attacks,
                "blind": settings.blind,
                "data": settings.data,
                "on_failure": settings.on_failure,
                "rules": [
                    {
                        "action": rule.action,
                        "agent": rule.agent_id or "",
                        "direction": rule.direction,
                        "id": rule.id,
                        "region": rule.region,
                        "threshold": rule.threshold,
                        "what": rule.what,
                        "workspace": rule.workspace_id or "",
                    }
                    for rule in sorted(rules, key=lambda rule: rule.id)
                ],
                "threats": settings.threats,
            }
        }
    )


def digest_of(text: bytes) -> str:
    """What stands for a text in the book."""
    return urlsafe_b64encode(sha256(text).digest()[:_DIGEST_BYTES]).decode()


def joined(scope: str, providers: str, guard: str) -> str:
    """The digest of a policy, of the digests of its three texts."""
    return f"{scope}.{providers}.{guard}"


def parted(policy: str) -> tuple[str, str, str]:
    """The digests of scope, providers and guard rules that a policy's digest joins.

    Those of earlier versions had no guard rules, and the first ones no providers.
    """
    scope, providers, guard, *_ = f"{policy}..".split(".")
    return scope, providers, guard


def in_words(scope: Mapping[str, Any]) -> dict[str, str]:
    """Each dimension of a scope as people write and read it, of this version or an earlier one."""
    return {name: _in_words(name, value) for name, value in scope.items()}


def rule_in_words(rule: Mapping[str, Any]) -> str:
    """A guard rule as people read it, such as `secret=block in requests, region eu-*`."""
    text = f"{rule['what']}={rule['action']}{_DIRECTIONS[rule['direction']]}"
    if rule["region"] != "*":
        text += f", region {rule['region']}"
    if rule["threshold"] is not None:
        text += f", from {rule['threshold']} on"
    return text


def _in_words(name: str, value: Any) -> str:
    if name == "expires_at":
        return "never" if value is None else to_text(value)
    if value is None or (name in _ALL and _ALL[name] <= set(value)):
        return "any"
    if isinstance(value, bool):
        return "allowed" if value else "refused"
    if _is_list(value):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
