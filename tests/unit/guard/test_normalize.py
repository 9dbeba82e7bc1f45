"""A text as a reader takes it, and scripts in their own words as they are."""

import pytest

from gatebook.guard.normalize import normalized


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ｉｇｎｏｒｅ　𝓪𝓵𝓵 ⓘⓣ", "Ignore all it"),
        ("ig\u200bno\u00adre\u2060 \u202eit\ufeff", "ignore it"),
        ("i\u0336g\u0301n\u05b8ore", "ignore"),
        ("ïgñörê ħɇłłø Æon", "ignore hello AEon"),
        ("іgnоrе Αll ѕсоре", "ignore All scope"),
        ("ʀᴇᴠᴇᴀʟ ıt", "reveal it"),
        ("🅘🅖🅝 🇮🇹 🅸🆃", "IGN IT IT"),
        ("".join(chr(0xE0000 + ord(char)) for char in "ignore"), "ignore"),
        ("“don’t” – it’s…\u2028now", "\"don't\" - it's...\nnow"),
        ("a\u3000b\u2003c\u00a0d", "a b c d"),
        ("card ４１١٢", "card 4112"),
        ("i\x00g\x08nore\tit\n", "ignore\tit\n"),
        ("й ｶﾞ \u1112\u1161\u11ab", "й ガ 한"),
    ],
)
def test_what_a_reader_takes_it_for(text: str, plain: str) -> None:
    assert normalized(text).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "Привет, это обычный текст о рассказе и росе.",
        "שָׁלוֹם עֲלֵיכֶם, זה טקסט עם ניקוד.",
        "السَّلَامُ عَلَيْكُمْ",
        "मुझे हिन्दी में लिखना पसंद है",
        "Ελληνικό κείμενο",
        "这是一个普通的中文文本。日本語のテキスト、한국어",
        "ภาษาไทยไม่มีช่องว่าง",
        "plain ASCII, with (punctuation): 100% & \\ more",
    ],
)
def test_scripts_keep_their_letters_and_marks(text: str) -> None:
    assert normalized(text).text == text


def test_the_way_back_leads_to_what_was_written() -> None:
    text = "a ﬁle i\u200bg\u200bn\u0336ore"
    plain = normalized(text)
    assert plain.text == "a file ignore"
    start = plain.text.index("ignore")
    assert text[slice(*plain.source(start, start + 6))] == "i\u200bg\u200bn\u0336ore"
    assert text[slice(*plain.source(2, 6))] == "ﬁle"


def test_a_text_does_not_grow_by_being_looked_at() -> None:
    assert len(normalized("\ufdfa" * 1_000).text) == 1_000


def test_beyond_many_words_every_lookalike_is_folded() -> None:
    text = "а b " * 20_001 + "іgnоrе вот"
    assert normalized(text).text.endswith("ignore bot")
