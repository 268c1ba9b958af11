"""What a person types into a search box, read as words."""

import re
import unicodedata

from loctelli.api.filters import check_search

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
# Digits and what people put between them; the lookaround keeps it from being cut out of a word.
NUMBER = re.compile(r"(?<!\S)[+(]?\d[\d\s()./+-]*(?!\S)")
TRUNK = "(0)"
# How many digits the world's calling codes have, by how they begin; the others have three.
ONE_DIGIT = ("1", "7")
TWO_DIGITS = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def readings(text: str) -> list[list[str]]:
    """Return the ways to read what was typed, each a list of words that must all occur; [] for nothing.

    A phone number in any format is one word, its digits; whoever types "Müller" may look for "Mueller".
    Refuses what no name contains, and what is longer than names are.
    """
    check_search(text)
    text = unicodedata.normalize("NFC", text)
    found = []
    for variant in (text, NUMBER.sub(_digits, text)):
        for spelling in (variant, variant.translate(UMLAUTS)):
            words = spelling.split()
            if words and words not in found:
                found.append(words)
    return found


def _digits(match: re.Match[str]) -> str:
    """Return a phone number as its digits, without what is dialled in front of them in this or that country."""
    written = match[0]
    international = written.startswith(("+", "(+", "00"))
    digits = re.sub(r"\D", "", written.replace(TRUNK, "")).lstrip("0")
    if international:
        digits = digits[_calling_code(digits) :] if len(digits) > 6 else digits
    tail = " " if written[-1].isspace() else ""
    return f"{digits}{tail}"


def _calling_code(digits: str) -> int:
    """Return how many digits the calling code has that a number begins with."""
    if digits.startswith(ONE_DIGIT):
        return 1
    return 2 if TWO_DIGITS.match(digits) else 3
