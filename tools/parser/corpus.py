"""The training and development files, drawn from treebanks and templates with a fixed seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from tools.parser.fragments import joined, noun_phrases, single_words, tag_soup, with_stop
from tools.parser.lexicon import Noun
from tools.parser.templates import Prompts
from tools.parser.treebank import Sentence, Word, is_short, lowered, without_final_stop

DEV_SENTENCES, DEV_PHRASES = 300, 300


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How many pieces of each kind one fold of a draw has, beside each sentence once."""

    phrases: int = 8_000
    soups: int = 1_200
    prompts: int = 2_500
    """From templates."""


def variant(sentence: Sentence, rng: Random) -> Sentence:
    """Return a sentence as it is or as prompts are written: without a stop, in lower case."""
    draw = rng.random()
    if draw < 0.5:
        return sentence
    if draw < 0.9:
        sentence = without_final_stop(sentence)
    return sentence if draw < 0.65 else lowered(sentence)


def draw_phrases(phrases: Sequence[Sentence], rng: Random, count: int) -> list[Sentence]:
    """Return some noun phrases, longer ones rather than pairs; 60 % in lower case, 25 % with a stop."""
    weights = [0.3 if len(phrase) == 2 else 1.0 for phrase in phrases]
    out = []
    for drawn in rng.choices(phrases, weights, k=count):
        phrase = lowered(drawn) if rng.random() < 0.6 else drawn
        out.append(with_stop(phrase) if rng.random() < 0.25 else phrase)
    return out


def treebank_nouns(sentences: Sequence[Sentence]) -> list[Noun]:
    """Return the nouns that occur in both numbers."""
    forms: dict[str, dict[str, str]] = defaultdict(dict)
    for sentence in sentences:
        for word in sentence:
            if word.xpos in {"NN", "NNS"} and word.form.isalpha() and word.form.islower() and len(word.form) > 2:
                forms[word.lemma][word.xpos] = word.form
    return [Noun(pair["NN"], pair["NNS"]) for _, pair in sorted(forms.items()) if len(pair) == 2]


def draw_training(sentences: Sequence[Sentence], mixture: Mixture, rng: Random) -> list[Sentence]:
    """Return one draw: each sentence once, and phrases, soups and prompts; long ones left out."""
    phrases = [phrase for sentence in sentences for phrase in noun_phrases(sentence)]
    words = single_words(sentences)
    prompts = Prompts(treebank_nouns(sentences), rng)
    out = [variant(sentence, rng) for sentence in sentences]
    drawn = draw_phrases(phrases, rng, mixture.phrases)
    plain = [phrase for phrase in drawn if phrase[-1].upos != "PUNCT"]
    out += drawn
    out += [tag_soup(plain, words, rng) for _ in range(mixture.soups // 2)]
    out += [joined(rng.choices(plain, k=rng.randint(2, 4))) for _ in range(mixture.soups - mixture.soups // 2)]
    for _ in range(mixture.prompts):
        prompt = prompts.draw()
        if rng.random() < 0.2:
            prompt = (replace_first(prompt), *prompt[1:])
        out.append(with_stop(prompt) if rng.random() < 0.2 else prompt)
    out = [sentence for sentence in out if is_short(sentence)]
    rng.shuffle(out)
    return out


def replace_first(sentence: Sentence) -> Word:
    """Return the first word with a capital letter."""
    return replace(sentence[0], form=sentence[0].form.capitalize())


def draw_dev(sentences: Sequence[Sentence], rng: Random) -> list[Sentence]:
    """Return sentences, other sentences as prompts are written, and noun phrases: some 900."""
    short = [sentence for sentence in sentences if is_short(sentence)]
    chosen = rng.sample(short, 2 * DEV_SENTENCES)
    phrases = [phrase for sentence in short for phrase in noun_phrases(sentence) if len(phrase) > 2]
    lower = [lowered(without_final_stop(sentence)) for sentence in chosen[DEV_SENTENCES:]]
    return [*chosen[:DEV_SENTENCES], *lower, *draw_phrases(phrases, rng, DEV_PHRASES)]
