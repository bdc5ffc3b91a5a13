"""Write all files that training reads: draws of training data for tagger and parser, and a dev file.

The sentences are parted in folds; each fold's draws are tagged for the parser by a perceptron that
has seen the other folds alone.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tools.parser.corpus import Mixture, draw_dev, draw_training
from tools.parser.jackknife import retag, train_perceptron
from tools.parser.treebank import TRAINING, Sentence, read_treebank, write_conllu

FOLDS = 2


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much data is made."""

    draws: int = 3
    """Files with other augmentation of the same sentences; training goes through them in turn."""
    mixture: Mixture = field(default_factory=Mixture)
    every: int = 1
    """Only each n-th sentence is read."""

    @classmethod
    def quick(cls) -> Amount:
        """Return a tenth of everything, drawn once."""
        return cls(draws=1, mixture=Mixture(phrases=800, soups=120, prompts=250), every=10)


def tagger_file(work: Path, draw: int) -> Path:
    """Return the place of a draw with true tags."""
    return work / "data" / f"gold-{draw}.conllu"


def parser_file(work: Path, draw: int) -> Path:
    """Return the place of a draw with predicted tags."""
    return work / "data" / f"jackknifed-{draw}.conllu"


def dev_file(work: Path) -> Path:
    """Return the place of the development file."""
    return work / "data" / "dev.conllu"


def prepare(treebank: Path, work: Path, amount: Amount, seed: int) -> None:
    """Write the training data, if the last file of it is not there."""
    if parser_file(work, amount.draws - 1).is_file():
        return
    (work / "data").mkdir(parents=True, exist_ok=True)
    dev = [sentence for name in ("en_ewt-dev", "en_gum-dev") for sentence in read_treebank(treebank, name)]
    write_conllu(dev_file(work), draw_dev(dev, Random(seed)))
    sentences = [sentence for name in TRAINING for sentence in read_treebank(treebank, name)][:: amount.every]
    folds = range(FOLDS)
    draws = [[_draw(sentences, amount, f"{seed}-{draw}", fold) for fold in folds] for draw in range(amount.draws)]
    for number, drawn in enumerate(draws):
        write_conllu(tagger_file(work, number), (sentence for fold in drawn for sentence in fold))
    with ProcessPoolExecutor(FOLDS) as pool:
        jobs = [pool.submit(_tag_fold, draws, fold, seed) for fold in folds]
        tagged = [job.result() for job in jobs]  # fold, draw
    for number in range(amount.draws):
        write_conllu(parser_file(work, number), (sentence for fold in tagged for sentence in fold[number]))


def _draw(sentences: list[Sentence], amount: Amount, seed: str, fold: int) -> list[Sentence]:
    return draw_training(sentences[fold::FOLDS], amount.mixture, Random(f"{seed}-{fold}"))


def _tag_fold(draws: list[list[list[Sentence]]], fold: int, seed: int) -> list[list[Sentence]]:
    """Return one fold of every draw with tags predicted by a perceptron that saw the other folds."""
    seen = [sentence for other, drawn in enumerate(draws[0]) for sentence in drawn if other != fold]
    tagger = train_perceptron(seen, seed)
    rng = Random(f"{seed}-{fold}")
    return [retag(tagger, folds[fold], rng) for folds in draws]
