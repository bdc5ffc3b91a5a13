from __future__ import annotations

import pytest

from aqmap.judgeable import find_reasons
from aqmap.phrases import find_phrases
from aqmap.prompts.prompt import normalise


def reasons(grow, lines: str, text: str | None = None) -> dict[str, str | None]:
    tree = grow(lines, text)
    phrases = find_phrases(tree)
    prompt = normalise(text or " ".join(token.text for token in tree.tokens))
    found = find_reasons(prompt, tree, phrases)
    return {tree.wording(phrase.noun): reason for phrase, reason in zip(phrases, found, strict=True)}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("cat/NOUN/-/root without/ADP/2/case hat/NOUN/0/nmod", {"cat": None, "hat": "negation"}),
        ("no/DET/1/det hats/NOUN/-/root", {"hats": "negation"}),
        ("no/DET/1/det hats/NOUN/-/root or/CCONJ/3/cc cats/NOUN/1/conj", {"hats": "negation", "cats": "negation"}),
        # what hangs on a negated verb is negated with it, the place where it happens too
        (
            "man/NOUN/-/root not/PART/2/advmod wearing/VERB/0/acl a/DET/4/det hat/NOUN/2/obj",
            {"man": "negation", "hat": "negation"},
        ),
        ("cat/NOUN/-/root that/PRON/4/nsubj is/AUX/4/cop n't/PART/4/advmod red/ADJ/0/acl:relcl", {"cat": "negation"}),
        ("cat/NOUN/-/root on/ADP/2/case mat/NOUN/0/nmod", {"cat": None, "mat": None}),
    ],
)
def test_negation_reaches_what_it_denies_and_no_more(grow, lines: str, expected: dict) -> None:
    assert reasons(grow, lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("two/NUM/1/nummod cats/NOUN/-/root", {"cats": "count"}),
        ("12/NUM/1/nummod cats/NOUN/-/root and/CCONJ/4/cc a/DET/4/det dog/NOUN/1/conj", {"cats": "count", "dog": None}),
        ("red/ADJ/1/amod cats/NOUN/-/root", {"cats": None}),
    ],
)
def test_number_beside_a_noun_is_not_judged(grow, lines: str, expected: dict) -> None:
    assert reasons(grow, lines) == expected


def test_words_of_praise_are_not_judged(grow) -> None:
    text = "a cat, best quality"
    lines = "a/DET/1/det cat/NOUN/-/root best/ADJ/3/amod quality/NOUN/-/root"
    assert reasons(grow, lines, text) == {"cat": None, "quality": "quality words"}
