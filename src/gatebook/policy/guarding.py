"""What the guard does about what it finds: as rules of administrators say, or else the settings.

Of the rules that are about a finding the nearest owner's decide: the agent's, its workspace's, its
organization's. Of those the most particular do: a detector by its id, a class by its name, a
pattern. Of those the strictest does, whatever the order in which they were set.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, cast, get_args

from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import Agent, GuardAction, GuardRule
from gatebook.policy.patterns import Patterns
from gatebook.policy.written import digest_of, guard_text

Direction = Literal["request", "reply"]
Kind = Literal["class", "detector", "blind", "threat"]

ACTIONS: Final[dict[Kind, tuple[GuardAction, ...]]] = {
    # What is masked still shows a part; a token comes back in the answer, the redacted does not.
    "class": ("allow", "record", "mask", "token", "redact", "block"),
    "detector": ("allow", "record", "mask", "token", "redact", "block"),
    "blind": ("allow", "record", "block"),
    "threat": ("observe", "flag", "block", "quarantine"),
}
"""What can be done about what, the strictest last."""

_STRICTNESS: Final = {action: place for place, action in enumerate(get_args(GuardAction))}
_NEARNESS: Final = {"organization": 0, "workspace": 1, "agent": 2}
_REMEMBERED: Final = 1000
"""Kinds of findings of an agent of which is kept what decides; beyond it each is decided anew."""


class About(NamedTuple):
    """What a rule is about: the kind of a finding, and a pattern of its names."""

    kind: Kind
    names: str


class Treatment(NamedTuple):
    """What is done about a finding, and what said so."""

    action: GuardAction
    rule: str
    """The id of a guard rule, or the setting that stands where there is none."""


class _Said(NamedTuple):
    """A rule that binds the agent, or the setting behind them all, ready to be asked."""

    place: tuple[int, int]
    """How near its owner is, and how particular it is; the highest decides."""
    strictness: int
    treatment: Treatment
    direction: str
    kind: Kind
    names: Patterns
    regions: Patterns
    threshold: int | None

    @property
    def action_changes(self) -> bool:
        """Whether data do not just go on."""
        is_of_data = self.kind in ("class", "detector")
        return is_of_data and self.treatment.action not in ("allow", "record")

    def is_about(self, kind: Kind, name: str) -> bool:
        """Whether it says what is done about a finding."""
        return self.kind == kind and self.names.match(name)


class GuardPolicies:
    """The guard policies of all agents in one state of the directory; agents share them."""

    def __init__(self, rules: Iterable[GuardRule], settings: GuardSettings) -> None:
        self._settings = settings
        self._by_owner: dict[str, list[GuardRule]] = {}
        for rule in rules:
            owner = rule.agent_id or rule.workspace_id or rule.organization_id
            self._by_owner.setdefault(owner, []).append(rule)
        self._compiled: dict[tuple[str, ...], GuardPolicy] = {}

    def of(self, agent: Agent) -> "GuardPolicy":
        """What the guard does about what an agent sends and gets."""
        owners = (agent.id, agent.workspace_id, agent.organization_id)
        rules = [rule for owner in owners for rule in self._by_owner.get(owner, ())]
        key = tuple(rule.id for rule in rules)
        if key not in self._compiled:
            self._compiled[key] = GuardPolicy(rules, self._settings)
        return self._compiled[key]


class GuardPolicy:
    """What the guard does about what an agent sends and gets."""

    def __init__(self, rules: Iterable[GuardRule], settings: GuardSettings) -> None:
        """`rules` are those that bind the agent."""
        rules = tuple(rules)
        self._said = (*map(_of_rule, rules), *_of_settings(settings))
        self._known: dict[tuple[object, ...], tuple[_Said, ...]] = {}
        self.text = guard_text(rules, settings)
        self.digest = digest_of(self.text)
        self.failed = Treatment(
            "block" if settings.on_failure == "closed" else "record", "guard.on_failure"
        )
        """What becomes of a call that could not be looked at."""

    def action(
        self, *, direction: Direction, detector: str, data_class: str, region: str
    ) -> Treatment:
        """What is done about data that a detector found; `region` is empty if it is not known."""
        names: tuple[tuple[Kind, str], ...] = (("class", data_class), ("detector", detector))
        return self._deciding(names, direction, region)[0].treatment

    def changes(self, direction: Direction) -> bool:
        """Whether data are ever changed or refused in that direction."""
        return any(
            said.action_changes and said.direction in (direction, "both") for said in self._said
        )

    def blind(self, kind: str, *, direction: Direction, region: str) -> Treatment:
        """What is done about a part that could not be looked into."""
        return self._deciding((("blind", kind),), direction, region)[0].treatment

    def threat(
        self, score: int, *, usual: int, direction: Direction, region: str
    ) -> Treatment | None:
        """What is done about a score in thousandths; None if it is too low for anything.

        `usual` is the guard's own threshold, for rules that have none.
        """
        for said in self._deciding((("threat", ""),), direction, region):
            if score >= (usual if said.threshold is None else said.threshold):
                return said.treatment
        return None

    def _deciding(
        self, names: tuple[tuple[Kind, str], ...], direction: Direction, region: str
    ) -> tuple[_Said, ...]:
        """The rules of which the first decides that applies, the strictest first."""
        key = (names, direction, region)
        found = self._known.get(key)
        if found is None:
            found = self._look_up(names, direction, region)
            if len(self._known) < _REMEMBERED:
                self._known[key] = found
        return found

    def _look_up(
        self, names: tuple[tuple[Kind, str], ...], direction: Direction, region: str
    ) -> tuple[_Said, ...]:
        meant = [
            said
            for said in self._said
            if said.direction in (direction, "both")
            # Who is nobody knows where may be where any of the rules decides.
            and (not region or said.regions.match(region))
            and any(said.is_about(kind, name) for kind, name in names)
        ]
        certain = max(said.place for said in meant if said.regions.match(region))
        deciding = [said for said in meant if said.place >= certain]
        deciding.sort(key=lambda said: (-said.strictness, said.treatment.rule))
        return tuple(deciding)


def about(what: str) -> About:
    """What the text of a rule is about."""
    if what == "threat":
        return About("threat", "*")
    kind, _, names = what.rpartition(":")
    return About(cast("Kind", kind or "class"), names)


def owner_of(rule: GuardRule) -> Literal["agent", "workspace", "organization"]:
    """What a rule binds."""
    if rule.agent_id:
        return "agent"
    return "workspace" if rule.workspace_id else "organization"


def _of_rule(rule: GuardRule) -> _Said:
    return _said(
        rule.what,
        Treatment(rule.action, rule.id),
        nearness=_NEARNESS[owner_of(rule)],
        direction=rule.direction,
        region=rule.region,
        threshold=rule.threshold,
    )


def _of_settings(settings: GuardSettings) -> Iterator[_Said]:
    """What stands behind all rules."""
    for what, action, name in (
        ("*", settings.data, "guard.data"),
        ("blind:*", settings.blind, "guard.blind"),
        ("threat", settings.threats, "guard.threats"),
    ):
        yield _said(what, Treatment(action, name), nearness=-1)


def _said(
    what: str,
    treatment: Treatment,
    *,
    nearness: int,
    direction: str = "both",
    region: str = "*",
    threshold: int | None = None,
) -> _Said:
    kind, names = about(what)
    particularity = 0 if "*" in names else 2 if kind == "detector" else 1
    return _Said(
        place=(nearness, particularity),
        strictness=_STRICTNESS[treatment.action],
        treatment=treatment,
        direction=direction,
        kind=kind,
        names=Patterns((names,)),
        regions=Patterns((region,)),
        threshold=threshold,
    )
