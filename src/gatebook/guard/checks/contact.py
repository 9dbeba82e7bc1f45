"""E-mail addresses and phone numbers."""

from typing import Final

import phonenumbers

from gatebook.guard.checks.candidate import Candidate, digits_of, has_word

_NO_DOMAINS: Final = frozenset((
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "css", "js", "mjs", "cjs", "ts",
    "tsx", "jsx", "json", "html", "htm", "py", "rb", "go", "rs", "java", "kt", "php", "sh", "yml",
    "yaml", "toml", "lock", "md", "txt", "csv", "xml", "pdf", "zip", "gz", "tgz", "tar", "map",
    "woff", "woff2", "ttf", "mp3", "mp4", "service", "socket", "timer", "target", "mount", "slice",
    "scope",
))  # fmt: skip
"""What looks like a top-level domain, and ends a file's name, or a unit's of systemd."""
_LOGINS: Final = frozenset(("git", "hg", "svn"))
_NO_PHONES: Final = (
    "part", "order", "isbn", "sku", "serial", "invoice", "version", "fax id", "ref", "ticket",
    "tracking", "case", "epoch", "timestamp", "build", "nhs", "ssn", "id", "zip", "item",
)  # fmt: skip
_CALLED: Final = (
    "phone", "tel", "tél", "fon", "text", "reach", "portable", "appel", "llám", "llam", "chiam",
    "mob", "cell", "fax", "call", "ring", "dial", "sms", "whatsapp", "móvil", "number", "nummer",
    "numéro", "número", "numero", "contact", "טלפון", "נייד", "מספר", "תקשר", "هاتف",
    "电话", "電話", "手机", "携帯", "전화", "тел",
)  # fmt: skip


def email(match: Candidate) -> bool:
    """A mailbox, rather than a login (`git@host:path`), a file's name or a unit's."""
    name, _, domain = match.value.rpartition("@")
    labels = domain.lower().split(".")
    if labels[-1] in _NO_DOMAINS or name.startswith(".") or name.endswith(".") or ".." in name:
        return False
    to_path = match.after[:1] == ":" and match.after[1:2].isalnum()
    return not (to_path or name.lower() in _LOGINS) and all(labels)


def phone_international(match: Candidate) -> bool:
    """Of a country, and as long as numbers there are; written in one it has to be in use."""
    value = "+" + match.value[2:] if match.value.startswith("00") else match.value
    if match.before[-1:] in {".", "_", "/"}:
        return False
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return False
    if not value[1:].isdigit():
        return len(digits_of(value)) >= 8 and phonenumbers.is_possible_number(number)
    return phonenumbers.is_valid_number(number)


def phone_american(match: Candidate) -> bool:
    """Ten digits as the North American plan groups them; no number of something else."""
    return len(set(digits_of(match.value)[-10:])) > 2 and not _is_of_other(match)


def phone_trunk(match: Candidate) -> bool:
    """As long as numbers are with the 0 before them; no number of something else."""
    count = len(digits_of(match.value))
    return 9 <= count <= 13 and not _is_of_other(match)


def phone_national(match: Candidate) -> bool:
    """As long and as grouped as numbers are; the words near have said that it is a phone.

    Without groups, the word has to stand right before it.
    """
    groups = "".join(each if each.isdigit() else " " for each in match.value).split()
    count = sum(map(len, groups))
    if _is_of_other(match) or _is_date_or_address(match.value, groups):
        return False
    if len(groups) == 1:
        close = match.before[-24:].lower()
        called = any(word in close for word in _CALLED)
        return called and 8 <= count <= 11 and not (count == 10 and groups[0].startswith("1"))
    return 7 <= count <= 12


def _is_of_other(match: Candidate) -> bool:
    before = match.before[-2:]
    joined = before[-1:] == "-" and before[:1].isascii() and before[:1].isalnum()
    inside = joined or before[-1:] in {"_", "/", "."}
    return inside or ".." in match.value or has_word(match.before[-20:], _NO_PHONES)


def _is_date_or_address(value: str, groups: list[str]) -> bool:
    lengths = [len(group) for group in groups]
    years = lengths == [4, 4] and all("1900" <= group <= "2100" for group in groups)
    dotted = len(groups) == 4 and value.count(".") == 3
    return years or dotted or sorted(lengths) in ([1, 1, 4], [1, 2, 4], [2, 2, 4])
