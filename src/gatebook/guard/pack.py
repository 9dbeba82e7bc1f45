"""The rules of detection, which are data: one file per detector, one per category of signals.

A detector finds data that should not leave, a signal is one trait of an attack. Patterns are in the
syntax that Hyperscan and RE2 share, over UTF-8 bytes; `spelling.py` says how a signal's are written
shorter. Cases stand in the same file as what they are
of. In them `<>` stands for nothing: it keeps a made-up secret from looking like one that leaked.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from gatebook.core.errors import Misconfigured
from gatebook.guard.checks import CHECKS
from gatebook.guard.spelling import Words, spelled

T = TypeVar("T")

Channel = Literal["user", "tool", "arguments", "definition", "reply"]
Severity = Literal["low", "medium", "high", "critical"]
Text = Annotated[str, Meta(min_length=1)]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1)]
Cases = Annotated[tuple[Text, ...], Meta(min_length=3)]

_BREAK: Final = "<>"
# What one of the engines does not know, or reads in another way: a look around, a reference back,
# and a dot that takes in a line's end, with which Vectorscan 5.4 loses matches (its issue 382).
_NOT_SHARED: Final = re.compile(r"\(\?(?:[=!]|<[=!]|P=|[a-zA-Z]*s)|\\[1-9]|\[\\s\\S\][*+]")
_START: Final = r"(?:\b|\\[nrt])"
"""Where a word begins, also behind the end of a line in JSON that is a string of JSON."""
_GIVEN_TO: Final = (
    r"""(?i:(?:\b|_|\\[nrt])%s)[\w .-]{0,28}["'\]]{0,3}\s{0,3}(?:=>|:=|=|:)\s{0,3}["'`]{0,2}"""
    r"(?P<value>%s)(?:\W|\z)"
)
"""`DATADOG_API_KEY=...`, `"datadogApiKey": "..."`, `datadog api key: ...`."""
_WORDS: Final = "signals/words.toml"
_ID: Final = re.compile(r"[a-z][a-z0-9_]{2,47}")


class Detector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Finds one kind of data; the group `value` of a pattern, if there is one, is what it finds."""

    says: Text
    data_class: Annotated[str, Meta(pattern="^[a-z_]+$")] = msgspec.field(name="class")
    """What policy knows it by, with others of its kind."""
    find: Texts
    named: str = ""
    """A pattern of a service's name: finds only what is given to a name with it in it."""
    herald: str = ""
    """A simpler pattern, found wherever one of `find` is; only then it is looked for."""
    check: str = ""
    """The function of `guard.checks` that tells the real from what only looks like it."""
    near: tuple[Text, ...] = ()
    """Words of which one has to stand near, in whatever case; none: it is known without."""
    score: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """How sure it is of what it finds."""
    source: Text
    """Where the shape is published."""
    hits: Cases
    misses: Cases


class Signal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trait of an attack; by itself it may be harmless."""

    id: Text
    says: Text
    severity: Severity
    channels: tuple[Channel, ...]
    find: Texts
    owasp_llm: tuple[str, ...] = ()
    """Beside those of its category; the same for the other two."""
    owasp_agentic: tuple[str, ...] = ()
    atlas: tuple[str, ...] = ()
    hits: Cases
    misses: Cases


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attacks of one kind, and what others call it."""

    says: Text
    owasp_llm: Texts
    owasp_agentic: Texts
    atlas: tuple[Text, ...]
    """Those that are certain, if there are any."""
    signals: tuple[Signal, ...] = msgspec.field(name="signal")


class Pattern(msgspec.Struct, frozen=True):
    """One pattern, and the rule that it is of: a detector, or a signal."""

    rule: str
    text: str
    herald: str
    """What stands in every text in which a match counts, and is quick to find; or the text."""


class Pack:
    """All rules that are in force together."""

    def __init__(
        self,
        detectors: Mapping[str, Detector],
        categories: Mapping[str, Category],
        words: Words,
        digest: str,
    ) -> None:
        self._words = words
        self.detectors = detectors
        self.categories = categories
        self.digest = digest
        """Of the files that it was read from; hexadecimal SHA-256."""
        self.signals = {
            signal.id: (name, signal)
            for name, category in categories.items()
            for signal in category.signals
        }
        """By their ids, with the names of their categories."""

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns of all rules; their places are their numbers."""
        detectors = tuple(
            Pattern(name, text, rule.herald or _herald(rule.near) or text)
            for name, rule in self.detectors.items()
            for text in _found(rule)
        )
        signals = tuple(
            Pattern(name, text, text)
            for name, (_, signal) in self.signals.items()
            for text in [spelled(each, self._words) for each in signal.find]
        )
        return detectors + signals

    def only(self, kind: Literal["detectors", "signals"]) -> "Pack":
        """The rules of one kind, under the same digest."""
        is_data = kind == "detectors"
        detectors = self.detectors if is_data else {}
        return Pack(detectors, {} if is_data else self.categories, self._words, self.digest)


def read_pack(files: Mapping[str, str]) -> Pack:
    """The rules in files, by paths such as `detectors/iban.toml`; raises Misconfigured."""
    detectors, categories = {}, {}
    words: Words = {}
    for path, text in sorted(files.items()):
        folder, _, name = path.removesuffix(".toml").rpartition("/")
        if folder.endswith("detectors"):
            detectors[name] = _read(path, text, Detector)
        elif path.endswith(_WORDS):
            words = _read(path, text, dict[str, Texts])
        else:
            categories[name] = _read(path, text, Category)
    pack = Pack(detectors, categories, words, digest_of(files))
    _check(pack)
    return pack


def digest_of(files: Mapping[str, str]) -> str:
    """What names these rules in records."""
    whole = sha256()
    for path, text in sorted(files.items()):
        whole.update(b"%b\n%d\n%b" % (path.encode(), len(text), text.encode()))
    return whole.hexdigest()


def whole(case: str) -> str:
    """A case as it is meant."""
    return case.replace(_BREAK, "")


def check_pattern(where: str, text: str) -> None:
    """Raise Misconfigured for what the engines would not both read, and in one way."""
    found = _NOT_SHARED.search(text)
    if found or not text.isascii():
        what = found[0] if found else "characters beyond ASCII (write their bytes)"
        raise Misconfigured(
            "guard_pattern",
            f"{where}: the pattern {text!r} has {what}, which not both engines read alike.",
            "Write it without: no look-around, no references, bounded [^\\n] in place of [\\s\\S].",
        )


def _found(detector: Detector) -> tuple[str, ...]:
    if detector.named:
        return tuple(_GIVEN_TO % (detector.named, shape) for shape in detector.find)
    # Only secrets have letters of their own by which this is found fast.
    return tuple(map(_begun, detector.find)) if detector.data_class == "secret" else detector.find


def _begun(text: str) -> str:
    if not text.startswith(r"\b"):
        return text
    rest = text.removeprefix(r"\b")
    return _START + (rest if "(?P<value>" in rest else f"(?P<value>{rest})")


def _herald(words: tuple[str, ...]) -> str:
    """A pattern of the words, also in capitals and in names of variables; empty for none."""
    plain = "|".join(re.escape(word) for word in words if word.isascii())
    other = {form for word in words for form in (word, word.upper(), word.capitalize())}
    bytes_of = ["".join(map(_byte, form.encode())) for form in sorted(other) if not form.isascii()]
    parts = [rf"(?i:(?:\b|_)(?:{plain})s?(?:\b|_))"] if plain else []
    return "|".join(parts + bytes_of)


def _byte(value: int) -> str:
    return f"\\x{value:02x}" if value >= 0x80 else re.escape(chr(value))


def _read(path: str, text: str, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Misconfigured("guard_rule", f"{path}: {error}.", "Mend the file of rules.") from None


def _check(pack: Pack) -> None:
    counted = len(pack.detectors) + sum(len(each.signals) for each in pack.categories.values())
    for name in (*pack.detectors, *pack.signals):
        if not _ID.fullmatch(name):
            raise Misconfigured("guard_rule", f"{name!r} is no name of a rule.", "Rename it.")
    if len({*pack.detectors, *pack.signals}) != counted:
        raise Misconfigured("guard_rule", "Two rules have one name.", "Rename one of them.")
    for name, detector in pack.detectors.items():
        if detector.check and detector.check not in CHECKS:
            raise Misconfigured(
                "guard_rule",
                f"{name} has the check {detector.check!r}, which does not exist.",
                "Name one of those that docs/reference/detectors.md lists.",
            )
    for pattern in pack.patterns:
        check_pattern(pattern.rule, pattern.text)
        check_pattern(pattern.rule, pattern.herald)
