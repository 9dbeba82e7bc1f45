"""A text is read wherever it hides; what is none is told as what it begins like."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from gatebook.formats.opaque import Kind, is_inline, is_link, opened


def packed(data: bytes) -> str:
    return b64encode(data).decode()


SECRET = "key: AKIA… ~~~???>>>"


@pytest.mark.parametrize(
    "data",
    [
        packed(SECRET.encode()),
        packed(SECRET.encode()).rstrip("="),
        urlsafe_b64encode(SECRET.encode()).decode(),
        packed(b"\xef\xbb\xbf" + SECRET.encode()),
        "\r\n".join(packed(SECRET.encode())),
        f"data:text/plain;base64,{packed(SECRET.encode())}",
        f"DATA:image/png;charset=utf-8;BASE64,{packed(SECRET.encode())}",
        "data:,key:%20AKIA%E2%80%A6 ~~~???>>>",
        "data:text/plain;base64x,key:%20AKIA… ~~~???>>>",
    ],
)
def test_a_text_is_read_whatever_it_is_called(data: str) -> None:
    assert opened(data, "file") == (SECRET, None)
    assert opened(data, "image") == (SECRET, "image")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0", "image"),
        (b"RIFF\0\0\0\0WEBP", "image"),
        (b"RIFF\0\0\0\0WAVE", "audio"),
        (b"ID3\x04\0", "audio"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"\0\0\0\x18ftypavif", "image"),
        (b"PK\x03\x04\0", "file"),
        ("key".encode("utf-16"), "file"),
        (b"caf\xe9", "file"),
        (b"text that goes on" * 99 + b"\0", "file"),
    ],
)
def test_what_is_no_text_is_told_as_what_it_begins_like(data: bytes, kind: Kind) -> None:
    assert opened(packed(data), "file") == (None, kind)


def test_a_document_that_is_shown_otherwise_than_it_is_written_is_both() -> None:
    assert opened(packed(b"%PDF-1.4 (hi) Tj"), "file") == ("%PDF-1.4 (hi) Tj", "file")


@pytest.mark.parametrize("data", ["not base64", "key=AKIA=", "ключ", "data:;base64,a b ! c"])
def test_what_is_no_data_is_told_apart(data: str) -> None:
    assert opened(data, "file") == (None, None)


def test_only_so_much_is_decoded() -> None:
    assert opened(packed(b"a" * 2_000_000), "file") == (None, "file")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://a", True),
        ("gs://b/c", True),
        ("data:,a", False),
        ("aGk=", False),
        ("a ://b", False),
    ],
)
def test_addresses_are_told_apart(text: str, links: bool) -> None:
    assert is_link(text) is links
    assert is_inline(text) is text.startswith("data:")
