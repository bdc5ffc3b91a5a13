"""What holds for the phrases and ancestors of every tree, whatever a parser makes of a prompt."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, strategies as st

from aqmap.ancestors import find_ancestors
from aqmap.parsing.tree import Token, Tree
from aqmap.phrases import find_phrases, is_silent

WORDS = ("cat", "red", "the", "-", "7", "\u732b", "\U0001f431", "wearing", ",")
UPOS = ("NOUN", "PROPN", "ADJ", "VERB", "DET", "PUNCT", "ADP", "CCONJ", "NUM", "X")
RELATIONS = ("amod", "compound", "flat", "nmod", "conj", "list", "punct", "acl:relcl", "nsubj")


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Draw words with any part of speech; each hangs on one that was placed before it, or on none."""
    count = draw(st.integers(1, 14))
    order = draw(st.permutations(range(count)))
    heads: dict[int, int | None] = {}
    for rank, index in enumerate(order):
        heads[index] = draw(st.one_of(st.none(), st.sampled_from(order[:rank]))) if rank else None
    tokens, place = [], 0
    for index in range(count):
        word = draw(st.sampled_from(WORDS))
        place += draw(st.integers(0, 2))
        tokens.append(
            Token(
                index=index,
                text=word,
                start=place,
                end=place + len(word),
                upos=draw(st.sampled_from(UPOS)),
                head=heads[index],
                relation="root" if heads[index] is None else draw(st.sampled_from(RELATIONS)),
            )
        )
        place += len(word)
    return Tree(tuple(tokens))


@given(trees(), st.booleans())
def test_every_content_word_is_in_exactly_one_phrase(tree: Tree, join: bool) -> None:
    phrases = find_phrases(tree, join_compounds=join)
    taken = Counter(index for phrase in phrases for index in phrase.tokens)
    assert set(taken.values()) <= {1}
    content = {token.index for token in tree.tokens if not is_silent(token)}
    assert content <= set(taken)


@given(trees(), st.booleans())
def test_phrases_keep_the_order_of_the_text(tree: Tree, join: bool) -> None:
    phrases = find_phrases(tree, join_compounds=join)
    assert all(list(phrase.tokens) == sorted(phrase.tokens) for phrase in phrases)
    assert all(set(phrase.noun) <= set(phrase.tokens) for phrase in phrases)
    firsts = [phrase.noun[0] for phrase in phrases]
    assert firsts == sorted(firsts)


@given(trees(), st.booleans())
def test_ancestors_have_no_circle_and_end_at_one_without_any(tree: Tree, join: bool) -> None:
    phrases = find_phrases(tree, join_compounds=join)
    ancestors = find_ancestors(tree, phrases)
    assert len(ancestors) == len(phrases)
    for index in range(len(phrases)):
        seen = [index]
        while ancestors[seen[-1]] != seen[-1]:
            seen.append(ancestors[seen[-1]])
            assert len(seen) <= len(phrases)
        assert len(set(seen)) == len(seen)


@given(trees())
def test_wording_has_the_words_of_its_tokens(tree: Tree) -> None:
    for phrase in find_phrases(tree):
        wording = tree.wording(phrase.tokens).replace(" ", "").replace("-", "")
        assert wording == "".join(tree.tokens[index].text for index in phrase.tokens).replace("-", "")
