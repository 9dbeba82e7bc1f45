"""Takes out of a text whatever looks like a credential, before anybody reads it.

The second net: nothing of ours writes a credential anywhere, so what is found here came by a way
nobody thought of, such as an address in the words of a library. A shape that is known is taken out
by its shape, any other one by the name that stands before it. Whatever is repeated before something
else has a bound, so that no text takes long.
"""

import re
from typing import Final

MARK: Final = "***"

# Without one of these a text holds nothing of what is looked for below; most lines have none.
_HINT: Final = re.compile(
    r"gbk_|[sprk]k[-_]|xai|gh[po]_|hf[-_]|glpat|pplx|AIza|AKIA|ASIA|eyJ|://"
    r"|(?i:bearer|basic|authorization|cookie|key|passw|secret|sig|token)"
)

_NAMES: Final = (
    r"authorization|proxy-authorization|cookie|(?:x-)?(?:goog-|gatebook-)?api[-_]?key|x-gatebook-key"
    r"|[\w-]{0,40}(?:password|passwd|secret|token)"
)
_SHAPES: Final = tuple(
    (re.compile(shape), text)
    for shape, text in (
        # Ours; then those of vendors and services that have a prefix of their own.
        (r"\bgbk_[A-Za-z0-9_]+", f"gbk_{MARK}"),
        (r"\b(sk|pk|rk|xai|gsk|hf|ghp|gho|glpat|pplx)[-_][A-Za-z0-9_-]{8,}", rf"\1-{MARK}"),
        (r"\bAIza[A-Za-z0-9_-]{8,}", f"AIza{MARK}"),
        (r"\b(AKIA|ASIA)[A-Z0-9]{12,}", rf"\1{MARK}"),
        (r"\beyJ[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]*", MARK),
        # RFC 9110, 11.4: a scheme and what it carries.
        (r"(?i)\b(bearer|basic)(\s+)[^\s'\",;)]+", rf"\1\2{MARK}"),
        # RFC 3986, 3.2.1 and 3.4: the user of an address, and what a query names.
        (r"(://)[^/\s@]{1,500}@", rf"\1{MARK}@"),
        (r"(?i)([?&;'\"][\w-]{0,40}(?:key|token|sig|signature)=)[^&;\s'\"#]+", rf"\1{MARK}"),
        # A header or a member, as HTTP, JSON, Python or a log line writes it.
        (rf"(?i)\b({_NAMES})\b(['\"]?\s*[:=,]\s*(?:b?['\"])?)[^\s'\",;)}}]+", rf"\1\2{MARK}"),
    )
)


def scrub(text: str) -> str:
    """The text without what looks like a credential."""
    if _HINT.search(text) is None:
        return text
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text
