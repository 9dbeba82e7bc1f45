"""The texts that threat detection is trained and measured on, and which of them are set aside.

A third of the sources, by a hash of their names, is set aside: it was not read while signals were
written, and no model that is measured on it, and no threshold, has seen it.
"""

import gzip
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from gatebook.guard.pack import Channel

_CHANNELS: Final = {"response": "reply"}
_SPANS: Final = "inj:"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One text, and whether it is an attack."""

    text: bytes
    attack: bool
    source: str
    channel: Channel
    category: str = ""
    language: str = "en"
    license: str = "CC0"
    payload: bytes = b""
    """The part of the text that is the attack, where that is known."""

    @property
    def family(self) -> str:
        """Sources of one project resemble one another, and are left out together."""
        return self.source.partition("_")[0]

    @property
    def aside(self) -> bool:
        """Whether its source is one of the third that is set aside."""
        return sha256(self.source.encode()).digest()[0] % 3 == 0


def read(folder: Path) -> list[Item]:
    """All texts but system prompts, which are pinned and not scored."""
    return [
        item
        for path in sorted(folder.glob("*.jsonl.gz"))
        for item in _items(gzip.decompress(path.read_bytes()).splitlines())
    ]


def _items(lines: Iterable[bytes]) -> Iterator[Item]:
    for line in lines:
        record = msgspec.json.decode(line)
        if record["channel"] == "system":
            continue
        note = record.get("note") or ""
        yield Item(
            text=record["text"].encode(),
            attack=record["label"] == "attack",
            source=record["source"],
            channel=_CHANNELS.get(record["channel"], record["channel"]),
            category=record.get("category") or "",
            license=record.get("license") or "",
            language=(record.get("lang") or "en").lower(),
            payload=note.removeprefix(_SPANS).strip().encode() if note.startswith(_SPANS) else b"",
        )
