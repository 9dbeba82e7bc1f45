"""Says in words what a rule decided, by the text of the policy that was in force."""

from collections.abc import Mapping
from typing import Any, Final

from gatebook.policy.written import in_words

PERMITTED: Final = "agent.scope"
_OF_SCOPE: Final = "agent.scope."
_OF_PROVIDERS: Final = "provider."
_OF_STOPS: Final = "stp_"

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
    "limits.price": "A budget in money bound the agent, and nobody had said what the call costs.",
    "limits.bound": "A limit bound the agent, and nothing said how much the call may use at most.",
    "agent.status": "The agent was not active.",
    "organization.status": "The organization was not active.",
}


def in_short(rule: str, scope: Mapping[str, Any] | None) -> str:
    """What the rule says of the call; empty for a rule of which nothing is known here."""
    if rule == PERMITTED:
        return "All that was asked for was within the agent's scope."
    if rule.startswith(_OF_SCOPE):
        dimension = rule.removeprefix(_OF_SCOPE)
        stood = in_words(scope or {}).get(dimension, "(not known any more)")
        return _OUTSIDE.get(dimension, "").format(stood)
    if rule.startswith(_OF_PROVIDERS):
        return _BY_PROVIDERS.get(rule.removeprefix(_OF_PROVIDERS), "")
    if rule.startswith(_OF_LIMIT):
        return f"The limit {rule.removeprefix(_OF_LIMIT)} left no room for it: gatebook limit list"
    if rule.startswith(_OF_STOPS):
        return "A stop was in force; gatebook stop list --all says of what."
    return _BY_OTHERS.get(rule, "")
