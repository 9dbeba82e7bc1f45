"""Secrets that only their names give away: `password = ...`, `api_key: ...`, `TOKEN=...`."""

from typing import Final

from gatebook.guard.checks.candidate import Candidate, has_word
from gatebook.guard.checks.randomness import (
    is_digest,
    is_random,
    is_uuid,
    is_varied,
    is_words,
    split,
    stands_for,
    token,
)

_SECRETS: Final = (
    "password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "pwd", "pass", "secret",
    "token", "credential", "apikey", "key", "auth", "bearer", "pat", "signature",
)  # fmt: skip
_NEVER: Final = frozenset((
    "public", "pub", "next", "page", "continuation", "cursor", "max", "min", "num", "count",
    "counts", "total", "len", "length", "limit", "usage", "type", "name", "names", "id", "ids",
    "identifier", "url", "uri", "path", "file", "filename", "dir", "endpoint", "prefix", "suffix",
    "pattern", "regex", "field", "label", "column", "header", "hint", "expiry", "expires",
    "expiration", "ttl", "lifetime", "reset", "policy", "strength", "hash", "hashed", "hashes",
    "digest", "checksum", "fingerprint", "csrf", "xsrf", "csrftoken", "csrfmiddlewaretoken",
    "cache", "primary", "foreign", "sort", "partition", "index", "unique", "idempotency",
    "integrity", "etag", "version", "algorithm", "alg", "format", "class", "style", "tokens",
    "tokenizer", "keys", "eos", "bos", "pad", "cls", "sep", "unk", "mask", "sitekey", "site",
    "publishable", "registry", "resource", "object", "row", "item", "event", "trace", "span",
    "commit", "build", "image", "sha", "md5", "sha1", "sha256", "arn", "alias", "binding",
    "bindings", "thumbprint", "kid", "rsa", "verify", "verification",
))  # fmt: skip
"""With one of these words, a name is that of something else."""
_KEYS: Final = frozenset((
    "api", "access", "secret", "auth", "private", "client", "signing", "encryption", "account",
    "master", "app", "application", "service", "admin", "license", "write", "shared", "storage",
    "subscription", "consumer", "session", "webhook", "hmac", "aes", "deploy", "integration",
    "ingest", "server", "data",
))  # fmt: skip
"""What the key is of, where even a UUID or a digest is one."""
_NAME: Final = 36
"""Characters that a name with a service's in it has at most, with what stands after it."""
_PIECE: Final = 12
"""Characters in one piece that a secret in a sentence has at least."""
_TERMS: Final = (
    "http", "rfc", "sha", "aes", "oauth", "utf", "iso", "md5", "tls", "rsa", "base64", "ipv",
    "x509", "pbkdf2", "argon2", "bcrypt", "ascii", "python", "java", "node", "win", "ubuntu",
    "version",
)  # fmt: skip
_PUBLISHED: Final = ("pk_live_", "pk_test_", "pub_", "pk-lf-", "public")
_CALLS: Final = ("(", "[", "{")
_FILLED_IN: Final = ("#{", "@@", "!Ref", "!Sub", "!vault", "!reference", "env:", "vault:", "arn:")
"""How what a template fills in begins."""
_CLASSES: Final = ("Key", "Token", "Secret", "Password", "Credential", "Credentials")
_OF_PROGRAMS: Final = frozenset((
    "self", "os", "env", "environ", "config", "settings", "args", "kwargs", "process", "request",
    "req", "res", "response", "ctx", "this", "options", "opts", "params", "props", "state", "form",
    "data", "vars", "var", "secrets", "getenv", "cfg", "conf", "module",
))  # fmt: skip


def secret(match: Candidate) -> bool:
    """Random characters under a name of a secret; a UUID or a digest only under a plain one."""
    value, words = match.value, _name(match.before)
    if _NEVER.intersection(words) or _is_other(match) or not is_random(value):
        return False
    if is_uuid(value) or is_digest(value):
        return words[-1:] != ["key"] or bool(_KEYS.intersection(words))
    return not value.startswith(("sha256-", "sha384-", "sha512-", "sha256:", "h1:", "data:"))


def keyed(match: Candidate) -> bool:
    """What is given to a secret that is called by a service, and is as long as its secrets are."""
    words = _name(match.before[-_NAME:])
    if not words or _NEVER.intersection(words) or _is_other(match):
        return False
    return is_varied(match.value) and not is_words(match.value)


def password(match: Candidate) -> bool:
    """What somebody may have chosen as one: of several kinds of characters, and no word."""
    value = match.value
    if _NEVER.intersection(_name(match.before)) or _is_other(match) or is_words(value):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    found = [any(map(kind, value)) for kind in kinds]
    return sum(found) >= 3 or (sum(found) == 2 and found[2]) or is_random(value)


def spoken(match: Candidate) -> bool:
    """What a sentence gives as a secret: only what is random beyond doubt."""
    value = match.value
    pieces = split(value)
    told = is_random(value) and max(map(len, pieces), default=0) >= _PIECE
    known = is_uuid(value) or is_digest(value) or stands_for(value)
    public = has_word(match.before[-_NAME:], ("public", "pub"))
    return told and not (known or public or is_words(value) or _is_code(value))


def spoken_password(match: Candidate) -> bool:
    """What a sentence gives as a password: letters and digits; no term, date, file or address."""
    value = match.value.rstrip(".)]};:")
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if len(value) < 6 or not mixed or _is_other(match) or is_uuid(value) or is_digest(value):
        return False
    lower = value.lower()
    named = lower.startswith(_TERMS) or lower.rstrip("0123456789") in _SECRETS
    return not (named or _is_term(value) or is_words(value) or _is_code(value))


def _is_term(value: str) -> bool:
    """Whether it is small words and numbers, joined as in names of files, hosts and versions."""
    parts = split(value)
    plain = all(
        part.isdigit() or (part.islower() and part.rstrip("0123456789").isalpha()) for part in parts
    )
    return plain and len(parts) > 1


def prefixed(match: Candidate) -> bool:
    """Random characters behind a prefix that does not say that anybody may know them."""
    return (
        not match.value.lower().startswith(_PUBLISHED) and token(match) and is_random(match.value)
    )


def url_password(match: Candidate) -> bool:
    """The password of an address; `user:password@host` is how documents say it."""
    value = match.value
    said = {"password", "pass", "passwd", "pwd", "secret", "token", "user", "pw", "mypassword"}
    named = value.lower() in said or value[:1] in "$%{["
    return not (stands_for(value) or named or _is_code(value.rstrip(",")))


def _is_other(match: Candidate) -> bool:
    """Whether it is no value, but what stands for one or how a program gets it."""
    value = match.value
    if stands_for(value) or value.startswith(_FILLED_IN):
        return True
    name, _, given = value.partition("=")
    if name.isidentifier() and given.isalnum():
        return True
    if value[0] == "$" and (value[1:].replace("_", "a").isalnum() or "::" in value):
        return True
    quoted = match.before.endswith(('"', "'", "`"))
    called = match.after.startswith(_CALLS) or value.endswith(_CLASSES)
    return not quoted and (called or _is_code(value))


def _is_code(value: str) -> bool:
    """Whether it is an expression: names joined by points, one of them known or all words."""
    parts = value.replace("->", ".").replace("::", ".").split(".")
    named = all(
        part.replace("_", "a").isalnum() and not part[0].isdigit() for part in parts if part
    )
    if len(parts) == 1:
        return named and "_" in value and is_words(value)
    return named and (bool(_OF_PROGRAMS.intersection(parts)) or all(map(is_words, parts)))


def _name(before: str) -> list[str]:
    """The words of the name that the value is given to: the last that speaks of a secret."""
    lower = before.lower()
    at = max(lower.rfind(each) for each in _SECRETS)
    if at < 0:
        return []
    start = end = at
    while start and _is_of_name(before[start - 1]):
        start -= 1
    while end < len(before) and _is_of_name(before[end]):
        end += 1
    return _words(before[start:end])


def _is_of_name(each: str) -> bool:
    return each.isalnum() or each in "_-."


def _words(name: str) -> list[str]:
    """`nextPageToken`, `NEXT_PAGE_TOKEN` and `next-page-token` have the same words."""
    spaced = ""
    for place, each in enumerate(name):
        begins = each.isupper() and (
            name[place - 1 : place].islower() or name[place + 1 : place + 2].islower()
        )
        spaced += " " + each if begins else each
    return split(spaced.lower())
