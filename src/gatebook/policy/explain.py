"""Says in words what a rule decided, by the text of the policy that was in force."""

from collections.abc import Mapping
from typing import Any, Final

from gatebook.policy.written import in_words, rule_in_words

PERMITTED: Final = "agent.scope"
_OF_SCOPE: Final = "agent.scope."
_OF_PROVIDERS: Final = "provider."
_OF_STOPS: Final = "stp_"
_OF_GUARD_RULES: Final = "grl_"
_OF_GUARD_SETTINGS: Final = "guard."

_OUTSIDE: Final = {
    "models": "The model that was asked for is not one of these: {}.",
    "operations": "What was asked is not one of these: {}.",
    "providers": "Those that take the call are not among these providers: {}.",
    "regions": "No provider was left in these regions, or it was to compute elsewhere: {}.",
    "data_classes": "The text held other classes of data, or was not looked at; granted were: {}.",
    "hosted_tools": "A vendor was to run or fetch something else than these: {}.",
    "state": "A vendor was to keep what is said, or to use what it kept, which was {}.",
    "max_tokens": "More output was asked for than this many tokens a call: {}.",
    "sources": "The call came from an address outside of these networks: {}.",
    "hours": "The call came outside of these hours: {}.",
    "expires_at": "The call came after the scope had ended, which was {}.",
}
_BY_PROVIDERS: Final = {
    "dialect": "No active provider of the organization spoke the dialect of the call.",
    "models": "No provider that the agent might use served the model.",
    "data_classes": "No provider that the agent might use could be sent what the text held, or "
    "nobody had looked what it held.",
}
_OF_LIMIT: Final = "limit."
_BY_OTHERS: Final = {
    PERMITTED: "All that was asked for was within the agent's scope.",
    "limits.price": "A budget in money bound the agent, and nobody had said what the call costs.",
    "limits.bound": "A limit bound the agent, and nothing said how much the call may use at most.",
    "agent.status": "The agent was not active.",
    "organization.status": "The organization was not active.",
}
_BY_SETTINGS: Final = {
    "data": "No guard rule was about the data that was found, and guard.data was {}.",
    "blind": "No guard rule was about what could not be looked into, and guard.blind was {}.",
    "threats": "No guard rule was about what looked like an attack, and guard.threats was {}.",
    "attacks": "Whether texts are scored for attacks, guard.attacks, was {}.",
    "on_failure": "The guard could not look at the call, and guard.on_failure was {}.",
}
_UNKNOWN: Final = "(not known any more)"


def in_short(
    rule: str, scope: Mapping[str, Any] | None, guard: Mapping[str, Any] | None = None
) -> str:
    """What the rule says of the call; empty for a rule of which nothing is known here."""
    if rule.startswith(_OF_SCOPE):
        dimension = rule.removeprefix(_OF_SCOPE)
        stood = in_words(scope or {}).get(dimension, _UNKNOWN)
        return _OUTSIDE.get(dimension, "").format(stood)
    if rule.startswith(_OF_PROVIDERS):
        return _BY_PROVIDERS.get(rule.removeprefix(_OF_PROVIDERS), "")
    if rule.startswith(_OF_LIMIT):
        return f"The limit {rule.removeprefix(_OF_LIMIT)} left no room for it: gatebook limit list"
    if rule.startswith(_OF_STOPS):
        return "A stop was in force; gatebook stop list --all says of what."
    if rule.startswith((_OF_GUARD_RULES, _OF_GUARD_SETTINGS)):
        return _by_guard(rule, guard or {})
    return _BY_OTHERS.get(rule, "")


def _by_guard(rule: str, guard: Mapping[str, Any]) -> str:
    if rule.startswith(_OF_GUARD_SETTINGS):
        setting = rule.removeprefix(_OF_GUARD_SETTINGS)
        return _BY_SETTINGS.get(setting, "").format(guard.get(setting, _UNKNOWN))
    found = (rule_in_words(each) for each in guard.get("rules", ()) if each["id"] == rule)
    return f"The guard rule {rule} was about what was found: {next(found, _UNKNOWN)}."
