"""How much a text looks like English, by its pairs of letters.

Counted over two million pairs of permissively licensed English prompts and documents: ten plus the
binary logarithm of how often the second letter follows the first, from 0 to 9. The last row and
column everything that is no letter.
"""

from itertools import pairwise
from typing import Final

LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz"
COMMON_WORDS: Final = (
    *b"the and you that this with for have from all your can what which will they".split(),
    *b"when who how are any has our out one use please ignore previous instructions".split(),
    *b"system prompt reveal message tell show print secret password rules forget every".split(),
    *b"everything user answer give send data instruction following without must never".split(),
    *b"always were been would could should there their them then than some other into".split(),
    *b"about only more make made like just also here write read files".split(),
    *b"call tool text words".split(),
    *b"above below before after first last next step steps key keys code model mode act".split(),
    *b"pretend told said says delete copy open list name names need want know help follow".split(),
    *b"developer restrictions filter output context hidden link address page".split(),
    *b"safety security settings protocols disable enable execute admin debug testing".split(),
    *b"information question access override disregard bypass unrestricted jailbreak enter".split(),
)
"""Most sentences of English have some of them, and most of those that attack."""

_PAIRS: Final = (
    "156513405046570406774420407"
    "744383006307217106416000607"
    "725272076065007006375000306"
    "633572206002216005514110309"
    "625643313015572327750434308"
    "633366007004008006155000308"
    "600170466004145006525000309"
    "710090007002127004153000307"
    "536555500036587515771501035"
    "811181015011128212707210124"
    "510383417014254101613010308"
    "711672107027207301545210607"
    "850180006003537600405000407"
    "606763705022135100673200408"
    "335536413235685507557461207"
    "701370156027207507565100506"
    "111100103007000021109110004"
    "734482407043547104654310508"
    "405070066022305520575030409"
    "602070087003107305554030408"
    "555562505017571507770002206"
    "700090008000005000101000205"
    "700070078003057005410020107"
    "725061036002202700082000508"
    "412250204003327502641020019"
    "800290136313316013233131556"
    "766556456324546635674350304"
)
_NO_LETTER: Final = 26
_NUMBERS: Final = bytes(
    (code | 32) - ord("a") if bytes([code]).isalpha() else _NO_LETTER for code in range(256)
)
_ROWS: Final = tuple(
    bytes(int(digit) for digit in _PAIRS[at : at + 27]) for at in range(0, 27 * 27, 27)
)


def likeness(raw: bytes) -> float:
    """The mean over pairs of letters: English 6 to 7, other languages 5 to 6, others 3 to 5."""
    words = [word for word in raw.translate(_NUMBERS).split(b"\x1a") if word]
    text = b"\x1a%b\x1a" % b"\x1a".join(words)
    return sum(_ROWS[one][two] for one, two in pairwise(text)) / len(text)
