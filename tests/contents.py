"""What formats say of bodies, in the short form that tests compare."""

import json
from typing import Any

from gatebook.formats import Format
from gatebook.formats.content import Content

PNG = "iVBORw0KGgoAAA=="
NOTE = "YSBub3Rl"
"""A text in base64: a note."""


def origins(found: Content) -> dict[str, str]:
    """From where each text is, by the text."""
    return {span.text: span.origin for span in found.spans}


def said(spoken: Format, **body: Any) -> dict[str, str]:
    return origins(spoken.said(json.dumps(body).encode()))


def answered(spoken: Format, **body: Any) -> dict[str, str]:
    return origins(spoken.answered(json.dumps(body).encode()))


def blind(spoken: Format, **body: Any) -> list[tuple[str, str]]:
    return [part[:2] for part in spoken.said(json.dumps(body).encode()).blind]
