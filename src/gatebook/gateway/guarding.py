"""What becomes of a call by what is found in it: it goes on as it is, edited, or not at all.

A value that may not go on is replaced in every string that holds it. Where that cannot be done, as
in a number or in a document that was decoded to be read, the call is refused in place of that.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import Invalid
from gatebook.core.json_strings import rewritten
from gatebook.formats import Call, Format
from gatebook.formats.content import Content, Span
from gatebook.gateway.guarded_stream import GuardedStream
from gatebook.gateway.passage import Passage
from gatebook.gateway.ways import Way
from gatebook.guard.edits import Edit, Place, edited
from gatebook.guard.inspect import Finding, Inspection, Inspector
from gatebook.guard.vault import Vault
from gatebook.identity.identify import Principal
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.treating import Looked, Violation, refused, treat

Quarantine = Callable[[Principal, str], None]
"""Puts an agent into quarantine for a call, by its id."""


_AT_ONCE: Final = 16 * 1024
"""Bytes of a body that is looked at at once; a larger one would keep all other calls waiting."""


class Guard:
    """Looks at what agents send and get, and has done about it what policy says."""

    def __init__(self, inspector: Inspector, quarantine: Quarantine) -> None:
        self._inspector = inspector
        self._quarantine = quarantine
        self._beside = ThreadPoolExecutor(1, "guard")

    def close(self) -> None:
        """Look at nothing any more."""
        self._beside.shutdown()

    async def inspect(self, call: Call) -> Inspection:
        """What is found in a request; raises Invalid for a body that can be read in two ways."""
        if not call.operation.has_body:
            return Inspection()
        _, inspection = await self._looked(call.operation.format.said, call.body)
        return inspection

    async def sent(self, passage: Passage, way: Way, principal: Principal) -> Way:
        """The way with the call as it may leave by it; raises Violation and Unavailable.

        What was found in the request stands in `passage`, and there it is said what was done.
        """
        found = passage.request.inspection
        policy, region = way.permit.policy.guard, way.provider.region
        treated = treat(found, policy, "request", region)
        passage.request = Looked(found, treated)
        if treated.is_quarantined:
            self._quarantine(principal, passage.id)
        if treated.refusal is not None:
            raise treated.refusal
        if not treated.edits:
            return way
        call, spoken = way.call, way.call.operation.format
        # On this way the same words may stand in other places than where they were found.
        content, found = await self._looked(spoken.said, call.body)
        edits = treat(found, policy, "request", region).edits
        body = _edited(call.body, content, edits, passage.vault)
        _check_readable(spoken, body)
        return way._replace(call=replace(call, body=body))

    def stream(self, passage: Passage, spoken: Format) -> GuardedStream:
        """A streamed reply on its way through the guard."""
        policy, region = _asked(passage)
        return GuardedStream(self._inspector, spoken, policy, region, passage.vault)

    async def received(self, passage: Passage, spoken: Format, body: bytes) -> bytes:
        """A whole reply as the agent may have it, with values in place of their tokens.

        Raises Violation and Unavailable if it may have nothing of it.
        """
        policy, region = _asked(passage)
        content, inspection = await self._looked(spoken.answered, body)
        treated = treat(inspection, policy, "reply", region)
        passage.reply = Looked(inspection, treated)
        if treated.refusal is not None:
            raise treated.refusal
        if treated.edits or passage.vault:
            return _edited(body, content, treated.edits, passage.vault, restoring=True)
        return body

    async def _looked(
        self, read: Callable[[bytes], Content], body: bytes
    ) -> tuple[Content, Inspection]:
        """What is said in a body and what is found in it; other calls go on meanwhile."""

        def look() -> tuple[Content, Inspection]:
            content = read(body)
            return content, self._inspector.inspect(content)

        if len(body) <= _AT_ONCE:
            return look()
        return await asyncio.get_running_loop().run_in_executor(self._beside, look)


def _asked(passage: Passage) -> tuple[GuardPolicy, str]:
    """The policy for a reply, and the region that it comes from."""
    way = passage.way
    if way is None:
        raise RuntimeError("a reply is looked at before its call left")
    return way.permit.policy.guard, way.provider.region


def _edited(
    body: bytes,
    content: Content,
    edits: Iterable[tuple[Finding, Edit]],
    vault: Vault,
    *,
    restoring: bool = False,
) -> bytes:
    places: dict[Span, list[Place]] = {}
    for finding, edit in edits:
        if finding.span.is_fixed:
            raise _not_editable(finding)
        place = Place(finding.start, finding.end, finding.detector, edit)
        places.setdefault(finding.span, []).append(place)
    if not restoring:
        for span in content.spans:
            vault.avoid(span.text)
    texts = {}
    for span in content.spans:
        text = edited(span.text, places[span], vault) if span in places else span.text
        text = vault.restored(text) if restoring else text
        if text != span.text and not span.is_fixed:
            texts[span.at, span.inner] = text
    return rewritten(body, texts) if texts else body


def _check_readable(spoken: Format, body: bytes) -> None:
    """Two names of members may have become one; raises Violation then."""
    try:
        spoken.said(body)
    except Invalid as error:
        raise refused("It holds data in a place where it cannot be replaced.") from error


def _not_editable(finding: Finding) -> Violation:
    return refused(f"It holds data ({finding.detector}) in a place where it cannot be replaced.")
