"""What becomes of a call by what is found in it: it goes on as it is, edited, or not at all.

A value that may not go on is replaced in every string that holds it. Where that cannot be done, as
in a number or in a document that was decoded to be read, the call is refused in place of that.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import Invalid
from gatebook.formats import Call, Format
from gatebook.formats.content import Content
from gatebook.gateway.editing import edited_body
from gatebook.gateway.guarded_stream import GuardedStream
from gatebook.gateway.passage import Passage
from gatebook.gateway.ways import Way
from gatebook.guard.inspect import Inspection, Inspector
from gatebook.identity.identify import Principal
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.treating import Looked, Treated, refused, treat

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

    async def sent(self, passage: Passage, way: Way) -> Way:
        """The way with the call as it may leave by it; raises Violation and Unavailable.

        What was found in the request stands in `passage`, and there it is said what was done.
        """
        call, spoken = way.call, way.call.operation.format
        found = passage.request.inspection
        if way.number and call.operation.has_body:
            # Said in another dialect, texts may stand together that stood apart.
            _, found = await self._looked(spoken.said, call.body)
        policy, region = way.permit.policy.guard, way.provider.region
        treated = treat(found, policy, "request", region)
        passage.request = Looked(found, treated)
        self._set_apart(passage, treated)
        if treated.refusal is not None:
            raise treated.refusal
        if not treated.edits:
            return way
        # What was put in to fit it to the provider moved what was found.
        content, found = await self._looked(spoken.said, call.body)
        edits = treat(found, policy, "request", region).edits
        body = edited_body(call.body, content, edits, passage.vault)
        _check_readable(spoken, body)
        return way._replace(call=replace(call, body=body))

    def stream(self, passage: Passage, spoken: Format) -> GuardedStream:
        """A streamed reply on its way through the guard."""
        policy, region = _asked(passage)
        set_apart = partial(self._set_apart, passage)
        return GuardedStream(
            self._inspector, spoken, policy, region, vault=passage.vault, set_apart=set_apart
        )

    async def received(self, passage: Passage, spoken: Format, body: bytes) -> bytes:
        """A whole reply as the agent may have it, with values in place of their tokens.

        Raises Violation and Unavailable if it may have nothing of it.
        """
        policy, region = _asked(passage)
        content, inspection = await self._looked(spoken.answered, body)
        treated = treat(inspection, policy, "reply", region)
        passage.reply = Looked(inspection, treated)
        self._set_apart(passage, treated)
        if treated.refusal is not None:
            raise treated.refusal
        if treated.edits or passage.vault:
            return edited_body(body, content, treated.edits, passage.vault, restoring=True)
        return body

    def _set_apart(self, passage: Passage, treated: Treated) -> None:
        """Put the agent into quarantine, if that is what policy says."""
        if treated.is_quarantined and passage.principal is not None:
            self._quarantine(passage.principal, passage.id)

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


def _check_readable(spoken: Format, body: bytes) -> None:
    """Two names of members may have become one; raises Violation then."""
    try:
        spoken.said(body)
    except Invalid as error:
        raise refused("It holds data in a place where it cannot be replaced.") from error
