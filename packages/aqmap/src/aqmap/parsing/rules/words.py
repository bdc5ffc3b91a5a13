"""Parts of speech of English words without a model: lists of small closed classes, and suffixes.

A word that nothing here knows is a noun, as most words of prompts are; so are words of other languages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from aqmap.parsing.rules import lexicon
from aqmap.prompts.segments import has_word

_NUMBER = re.compile(r"[+-]?\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?")
_ADJECTIVE = re.compile(
    r".{3,}(?:ful|less|ous|ish|ive|able|ible|ical|istic|esque|ary|like|shaped|haired|eyed|colored|coloured|sized|style)"
    r"|.+-.*(?:ed|ing)"
)
_SHORTEST_SUFFIXED = 5
"""Letters: `ring`, `bed` and `fly` end like other words by chance."""


def lower(word: str) -> str:
    """Return a word as the lists have it."""
    return word.lower().replace("\u2019", "'")


def find_prepositions(words: Sequence[str]) -> dict[int, int]:
    """Return where prepositions of several lower-case words begin, with one past their last word."""
    found: dict[int, int] = {}
    for start in range(len(words)):
        for phrase in lexicon.PREPOSITIONS:
            if tuple(words[start : start + len(phrase)]) == phrase:
                found[start] = max(found.get(start, 0), start + len(phrase))
    return found


def tag(words: Sequence[str]) -> list[str]:
    """Return the universal part of speech of each word of a segment."""
    lowered = [lower(word) for word in words]
    tags = [_tag(word) for word in lowered]
    for place, word in enumerate(lowered):
        before = tags[place - 1] if place else ""
        after = tags[place + 1] if place + 1 < len(tags) else ""
        plural = before == "NOUN" and lowered[place - 1].endswith("s")
        if tags[place] == "ADJ" and word in lexicon.NOT_ADJECTIVES and after not in {"NOUN", "ADJ"}:
            tags[place] = "NOUN"
        elif word == "that" and (before == "NOUN" or after in {"AUX", "VERB"}):
            tags[place] = "PRON"
        elif word in lexicon.VERBS and (plural or before in {"PRON", "AUX", "PART"}):
            tags[place] = "VERB"
        elif _is_finite(word) and before in {"NOUN", "PRON"} and after in {"DET", "ADP", "PRON", "NUM", "ADV", ""}:
            tags[place] = "VERB"  # `sits`, unless another word shows that it is a noun
        elif tags[place] == "VERB" and before == "DET" and after not in {"NOUN", "ADJ", "VERB", "ADV"}:
            tags[place] = "NOUN"  # something must be what the article stands for
    return tags


@cache
def _tag(word: str) -> str:
    """Return the part of speech of a lower-case word by itself."""
    closed = next((upos for upos, members in lexicon.CLOSED.items() if word in members), None)
    if closed is not None or not has_word(word):
        return closed or "PUNCT"
    rules = {
        "NUM": _NUMBER.fullmatch(word),
        "VERB": word in lexicon.VERB_FORMS or _is_participle(word),
        "ADV": len(word) >= _SHORTEST_SUFFIXED and word.endswith("ly") and word not in lexicon.NOT_ADVERBS,
        "ADJ": _ADJECTIVE.fullmatch(word),
    }
    return next((upos for upos, fits in rules.items() if fits), "NOUN")


def _is_participle(word: str) -> bool:
    if len(word) < _SHORTEST_SUFFIXED or "-" in word:
        return False
    if word.endswith("ing"):
        return word not in lexicon.NOUNS_IN_ING
    return word.endswith("ed") and word not in lexicon.NOUNS_IN_ED


def _is_finite(word: str) -> bool:
    """Say whether a word is a common verb of the third person: `sits`, `watches`."""
    return word.endswith("s") and (word[:-1] in lexicon.VERBS or (word.endswith("es") and word[:-2] in lexicon.VERBS))
