"""A streamed reply as the guard lets it go on.

Where policy changes and refuses no data, it goes on as it comes, and what is in it is looked at
beside. Otherwise what is not decided yet is held back; see `guard.watch`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gatebook.core.errors import Invalid
from gatebook.formats import Format, unreadable
from gatebook.formats.content import TEXT, Blind, Content, Origin, Span, content
from gatebook.gateway.editing import edited_body
from gatebook.guard.edits import Edit, Place as Edited, edited
from gatebook.guard.inspect import BETWEEN, Finding, Inspection, Inspector, Place, Threat
from gatebook.guard.vault import Vault
from gatebook.guard.watch import Watch
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.treating import EDITS, Looked, Treated, Violation, refused, treat

_Lane = tuple[str, Origin]

_AT_ONCE: Final = 4096
"""Characters of a text that are looked at together where nothing waits for it."""
_OVERLAP: Final = 512


class GuardedStream:
    """One streamed reply."""

    def __init__(
        self,
        inspector: Inspector,
        spoken: Format,
        policy: GuardPolicy,
        region: str,
        *,
        vault: Vault,
        set_apart: Callable[[Treated], None],
    ) -> None:
        """`set_apart` puts the agent into quarantine, if that is what policy says."""
        self._set_apart = set_apart
        self._vault = vault
        self._inspector = inspector
        self._policy = policy
        self._region = region
        self._texts: defaultdict[_Lane, str] = defaultdict(str)
        self._alone: set[str] = set()
        """Texts that are none of a lane's, as they came."""
        self._seen: defaultdict[_Lane, int] = defaultdict(int)
        """Of how much of them, from the beginning, data were looked for already."""
        self._findings: list[Finding] = []
        self._threats: dict[Origin, Threat] = {}
        self._failed: set[str] = set()
        self._blind: list[Blind] = []
        self._size = self._undecoded = 0
        self._holds = policy.changes("reply") or bool(vault)
        self._watch = Watch(spoken.cutter(), spoken.reader().read, self, vault, holds=self._holds)

    def feed(self, data: bytes) -> bytes:
        """What may go on, now that this part came; raises Violation and Unavailable."""
        with _readable():
            return self._watch.feed(data)

    def finish(self) -> bytes:
        """What is left when nothing more comes; raises as `feed` does."""
        with _readable():
            rest = self._watch.finish()
        treated = self.looked().treated
        self._set_apart(treated)
        if treated.refusal is not None:
            raise treated.refusal
        return rest

    def left(self) -> bytes:
        """What may go on of what came before the part for which `feed` raised Violation."""
        return self._watch.left()

    def looked(self) -> Looked:
        """What was found in all that came, and what is done about it."""
        for lane in self._texts:
            self._judge(lane)
        self._texts.clear()
        inspection = Inspection(
            inspected_by=self._inspector.by(self._failed),
            failed=tuple(sorted(self._failed)),
            findings=tuple(self._findings),
            threats=tuple(self._threats.values()),
            blind=tuple(self._watch.blind),
            size=self._watch.size,
            undecoded=self._undecoded,
        )
        return Looked(inspection, treat(inspection, self._policy, "reply", self._region))

    # What the watch asks.

    def hear(self, lane: str, span: Span) -> None:
        """Another piece of a lane came."""
        key, said = (lane, span.origin), span.text
        if not lane:
            if said in self._alone:
                return  # what names the reply stands in each of its events
            self._alone.add(said)
            said += BETWEEN
        text = self._texts[key] = self._texts[key] + said
        if len(text) >= _AT_ONCE:
            self._judge(key)
            self._texts[key] = text[-_OVERLAP:]
            self._seen[key] = len(self._texts[key])

    def look(self, text: str, origin: Origin) -> tuple[Place, ...]:
        """Data in a text."""
        found = self._inspector.data(text, self._failed)
        if self._failed:
            self._check(Inspection(failed=tuple(self._failed)))
        return found

    def see(self, part: Blind) -> None:
        """A part that nobody can look into."""
        self._check(Inspection(blind=(part,)))

    def whole(self, text: str) -> str:
        """Arguments of a tool's call as they may go on."""
        body = text.encode()
        try:
            said = content(body, TEXT)
        except Invalid:  # it is no JSON, or can be read in two ways
            said = Content([Span(text, "arguments", 0)], [])
        inspection = self._inspector.inspect(said)
        self._findings += inspection.findings
        self._failed.update(inspection.failed)
        treated = self._check(inspection)
        if said.spans and said.spans[0].text == text:
            places = [
                Edited(each.start, each.end, each.detector, edit) for each, edit in treated.edits
            ]
            return self._vault.restored(edited(text, places, self._vault))
        return edited_body(body, said, treated.edits, self._vault, restoring=True).decode()

    def decide(self, place: Place, origin: Origin, *, is_fixed: bool) -> Edit | None:
        """What is put in its place; raises Violation if the reply ends here."""
        self._findings.append(_finding(place, origin))
        treated = self._check(Inspection(findings=(self._findings[-1],)))
        edit = EDITS.get(treated.found[0].action) if treated.found else None
        if edit is not None and is_fixed:
            raise refused(f"It holds data ({place.detector}) where it cannot be replaced.")
        return edit

    def _check(self, inspection: Inspection) -> Treated:
        """What policy says; raises what ends the reply, if it does."""
        treated = treat(inspection, self._policy, "reply", self._region)
        if treated.refusal is not None:
            self._set_apart(treated)
            raise treated.refusal
        return treated

    def _judge(self, lane: _Lane) -> None:
        """Look at all of a text at once, for what is not decided piece by piece."""
        content = Content([Span(self._texts[lane], lane[1], 0)], [])
        inspection = self._inspector.inspect(content)
        self._failed.update(inspection.failed)
        self._undecoded += inspection.undecoded
        if not self._holds:
            new = [each for each in inspection.findings if each.end > self._seen[lane]]
            self._findings += new
        for threat in inspection.threats:
            kept = self._threats.get(threat.origin, threat)
            self._threats[threat.origin] = max(kept, threat, key=_score)


@contextmanager
def _readable() -> Iterator[None]:
    """What cannot be read in one way is the provider's failure; what may not go on is none."""
    try:
        yield
    except Violation:
        raise
    except Invalid as error:
        raise unreadable() from error


def _finding(place: Place, origin: Origin) -> Finding:
    span = Span("", origin, 0)
    return Finding(place.detector, place.data_class, span, 0, 0, place.score, place.view)


def _score(threat: Threat) -> float:
    return threat.score
