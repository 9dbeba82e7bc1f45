"""Puts other texts into a body in place of what was found in it, and values in place of tokens."""

from collections.abc import Iterable

from gatebook.core.json_strings import rewritten
from gatebook.formats.content import Content, Span
from gatebook.guard.edits import Edit, Place, edited
from gatebook.guard.inspect import Finding
from gatebook.guard.vault import Vault
from gatebook.policy.treating import Violation, refused


def edited_body(
    body: bytes,
    content: Content,
    edits: Iterable[tuple[Finding, Edit]],
    vault: Vault,
    *,
    restoring: bool = False,
) -> bytes:
    """The body with every edit made; raises Violation where one cannot be.

    If it is `restoring`, tokens of the vault are values again; else they are made.
    """
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


def _not_editable(finding: Finding) -> Violation:
    return refused(f"It holds data ({finding.detector}) in a place where it cannot be replaced.")
