"""Letters of other scripts that look like ASCII ones.

LOOKALIKES is from the confusables data of Unicode Technical Standard 39, as of January 2024, (c)
Unicode, Inc., under the Unicode License v3 (https://www.unicode.org/license.txt): what looks like
one ASCII letter or digit and is neither Latin, which `normalize.py` knows by name, nor folded by
NFKC. BY_SHAPE is our own.
"""

from typing import Final

LOOKALIKES: Final[dict[str, str]] = {
    "A": "\u0391\u0410\u13aa\u15c5\ua4ee\U000102a0\U00016f40",
    "a": "\u03b1\u0430",
    "B": "\u0392\u0412\u13f4\u15f7\ua4d0\U00010282\U000102a1\U00010301",
    "b": "\u0411\u042c\u0462\u0463\u048c\u048d\u13cf\u1472\u1473\u15af",
    "C": "\u0421\u04aa\u13df\u2ca4\ua4da\U000102a2\U00010302\U00010415\U0001051c\U000118f2",
    "c": "\u0441\u04ab\u2ca5\uabaf\U0001043d",
    "D": "\u13a0\u15de\u15ea\ua4d3",
    "d": "\u0501\u13e7\u146f\ua4d2",
    "E": "\u0395\u0415\u13ac\u2d39\ua4f0\U00010286\U000118a6\U000118ae",
    "e": "\u0435\u04bd\u04bf",
    "F": "\u03dc\u15b4\ua4dd\U00010287\U000102a5\U00010525\U000118a2\U000118c2",
    "f": "\u0584",
    "G": "\u050c\u13c0\u13f3\ua4d6",
    "g": "\u0581",
    "H": "\u0397\u041d\u04a2\u04c7\u04c9\u13bb\u157c\u2c8e\ua4e7\U000102cf",
    "h": "\u045b\u04bb\u0570\u13c2\u13f2\ua695",
    "I": "\u0399\u0406\u04c0\u2c92",
    "i": "\u03b9\u0456\u04cf\u13a5\ua647\uab75\U000118c3",
    "J": "\u037f\u0408\u13ab\u148d\ua4d9",
    "j": "\u03f3\u0458",
    "K": "\u039a\u041a\u049a\u049e\u13e6\u16d5\u2c94\ua4d7\U00010518",
    "L": "\u13de\u14aa\u2cd0\ua4e1\U0001041b\U00010526\U000118a3\U000118b2\U00016f16",
    "l": "\u16c1\u18f3\u2d4f\ua4f2\U0001028a\U00010309\U00010320\U00016f28",
    "M": "\u039c\u03fa\u041c\u04cd\u13b7\u15f0\u16d6\u2c98\ua4df\U000102b0\U00010311",
    "N": "\u039d\u2c9a\ua4e0\U00010513",
    "n": "\u03b7\u0578\u057c",
    "O": (
        "\u0398\u039f\u03b8\u041e\u0472\u04e8\u0555\u0b20\u12d0\u13be\u13eb\u2c9e\u2d31\u2d41"
        "\u2d54\u3007\ua4f3\U00010292\U000102ab\U00010404\U000104c2\U00010516\U000118b5"
    ),
    "o": (
        "\u03bf\u03c3\u043e\u0473\u04e9\u0585\u0d20\u101d\u10ff\u2c9f\uab74\uab8e\uabbb"
        "\U0001042c\U000104ea\U000118c8\U000118d7"
    ),
    "P": "\u03a1\u0420\u13e2\u146d\u18d6\u2ca2\ua4d1\U00010295",
    "p": "\u03c1\u0440\u2ca3",
    "Q": "\u2d55",
    "q": "\u051b\u0563\u0566",
    "R": "\u13a1\u13d2\u1587\ua4e3\U000104b4\U00016f35",
    "r": "\u0433\u0493\u18f4\u1d26\u2c85\uab81",
    "S": "\u0405\u054f\u13d5\u13da\ua4e2\U00010296\U00010420\U00016f3a",
    "s": "\u0455\u18f5\uabaa\U00010448\U000118c1",
    "T": ("\u03a4\u0422\u04ac\u13a2\u2ca6\ua4d4\U00010297\U000102b1\U00010315\U000118bc\U00016f0a"),
    "U": "\u054d\u1200\u13cc\u144c\ua4f4\U000104ce\U000118b8\U00016f42",
    "u": "\u03c5\u057d\uab9c\U000104f6\U000118d8",
    "V": "\u0474\u13d9\u142f\u2d38\ua4e6\ua6df\U0001051d\U000118a0\U00016f08",
    "v": "\u03bd\u0475\uaba9\U00011706\U000118c0",
    "W": "\u051c\u13b3\u13d4\ua4ea\U000118ef",
    "w": "\u0461\u047d\u051d\u0561\uab83\U000114c5\U0001170a\U0001170e\U0001170f",
    "X": (
        "\u03a7\u0425\u04b2\u16b7\u2cac\u2d5d\ua4eb\U00010290\U000102b4\U00010317\U00010322"
        "\U00010527\U000118ec"
    ),
    "x": "\u0445\u1541\u157d",
    "Y": "\u03a5\u0423\u04ae\u04b0\u13a9\u13bd\u2ca8\ua4ec\U000102b2\U000118a4\U00016f43",
    "y": "\u03b3\u0443\u04af\u04b1\u10e7\U000118dc",
    "Z": "\u0396\u13c3\ua4dc\U000102f5\U000118a9",
    "z": "\u1646\uab93\U000118c4",
    "1": "\u2780",
    "2": "\u03e8\u14bf\u2781\ua644\ua6ef",
    "3": "\u0417\u0498\u04e0\u2782\u2ccc\U000118ca\U00016f3b",
    "4": "\u13ce\u2783\U000118af",
    "5": "\u2784\U000118bb",
    "6": "\u0431\u13ee\u2785\u2cd2\U000118d5",
    "7": "\u2786\U000104d2\U000118c6",
    "8": "\u2787\U0001031a",
    "9": "\u2788\u2cca\U000118ac\U000118cc\U000118d6",
}
"""What cannot be told from it, by ASCII letter or digit."""

BY_SHAPE: Final[dict[str, str]] = {
    "A": "\u039b\u0414",
    "a": "\u03bb\u0434",
    "b": "\u03b2\u0432\u044c\u044a",
    "c": "\u03c2",
    "E": "\u039e\u0404\u042d",
    "e": "\u03b5\u0437\u044d\u0454\u03be",
    "h": "\u043d",
    "k": "\u03ba\u043a",
    "L": "\u0413",
    "m": "\u043c",
    "N": "\u0418\u03a0\u041f",
    "n": "\u0438\u043f\u043b",
    "O": "\u03a6",
    "o": "\u03c6\u03b4",
    "R": "\u042f",
    "r": "\u044f",
    "S": "\u03a3",
    "t": "\u03c4\u0442",
    "U": "\u0426\u040f",
    "u": "\u03bc\u0446\u045f",
    "W": "\u0428\u0429\u03a9",
    "w": "\u03c9\u0448\u0449",
    "X": "\u0416",
    "x": "\u03c7\u0436",
    "Y": "\u0427",
    "y": "\u0447",
}
"""What stands for it in faux Cyrillic and Greek, and can be told from it."""
