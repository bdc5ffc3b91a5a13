"""Words that image-text models do not understand: negations and numbers."""

from __future__ import annotations

_NEGATIONS = """
    no not n't without never none nothing nobody nowhere neither nor cannot non lacking except excluding sans
"""
_NUMBER_WORDS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety hundred thousand million billion
    hundreds thousands millions billions dozen dozens couple pair trio quartet several
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""In lower case. "zero" is a number."""

_CONTRACTED = ("n't", "n\u2019t")
_NUMBERS = frozenset(_NUMBER_WORDS.split())


def is_negation(word: str) -> bool:
    """Say whether a word negates; "isn't" does where a parser leaves it whole."""
    word = word.lower()
    return word in NEGATIONS or word.endswith(_CONTRACTED)


def is_number(word: str) -> bool:
    """Say whether a word is a count: digits of any script, or a number word, with hyphens or not.

    "2nd", "8k", "1girl" and "3d" are none: they name a thing.
    """
    parts = word.lower().replace(",", "").split("-")
    return all(part in _NUMBERS or _is_numeral(part) for part in parts)


def _is_numeral(word: str) -> bool:
    whole, point, fraction = word.partition(".")
    return whole.isnumeric() and (fraction.isnumeric() if point else True)
