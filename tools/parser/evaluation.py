"""Measure a pack: accuracy on unseen trees, words found, prompts of known content, size and speed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from aqmap.parsing.stanza_parser import StanzaParser, load_pack
from grefine_core import ParserPack
from tools.parser.fragments import is_natural_fragment, noun_phrases
from tools.parser.geneval import check_content
from tools.parser.pack_models import PARSER_FILE, TAGGER_FILE, TOKENIZER_FILE, Models, load_models, parse, tag
from tools.parser.prompts import bulk_prompts, speed_prompts
from tools.parser.scoring import f1, score_trees, spans
from tools.parser.treebank import Sentence, lowered, read_treebank, text_of, without_final_stop
from tools.parser.vectors import VECTORS_FILE, WORDS_FILE

PHRASES, SEED = 2000, 2018
TESTS = ("en_ewt-test", "en_gum-test")


def test_sets(treebank: Path) -> dict[str, list[Sentence]]:
    """Return all test sets by name; none of their sentences is in any training file."""
    ewt, gum = (read_treebank(treebank, name) for name in TESTS)
    phrases = [phrase for sentence in (*ewt, *gum) for phrase in noun_phrases(sentence) if len(phrase) > 2]
    phrases = Random(SEED).sample(phrases, PHRASES)
    natural = [sentence for sentence in (*ewt, *gum) if is_natural_fragment(sentence) and 2 < len(sentence) <= 20]
    return {
        "EWT test": ewt,
        "GUM test": gum,
        "EWT test, lower case, no final stop": [lowered(without_final_stop(sentence)) for sentence in ewt],
        "noun phrases of EWT and GUM test": phrases,
        "the same in lower case": [lowered(phrase) for phrase in phrases],
        "natural fragments of EWT and GUM test": natural,
    }


def pack_of(folder: Path) -> ParserPack:
    """Return the record of a pack's files, as aqmap loads it."""
    return ParserPack(
        name=folder.name,
        language="en",
        folder=folder,
        tokenizer=folder / TOKENIZER_FILE,
        tagger=folder / TAGGER_FILE,
        parser=folder / PARSER_FILE,
        vectors=folder / VECTORS_FILE,
        words=folder / WORDS_FILE,
    )


def report(folder: Path, data: Path) -> None:
    """Print everything; tables are Markdown."""
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    print(f"size: {size / 1e6:.2f} MB in all")
    parser = report_load(folder)
    report_trees(load_models(folder), test_sets(data / "treebank"))
    report_words(parser, read_treebank(data / "treebank", "en_ewt-test"))
    for line in check_content(parser, data / "prompts" / "geneval.jsonl"):
        print(line)
    report_speed(parser, data / "prompts")


def report_load(folder: Path) -> StanzaParser:
    """Load the pack as users do, and print the time beside that of its imports."""
    started = time.perf_counter()
    import stanza
    import torch

    del stanza, torch
    imported = time.perf_counter()
    parser = load_pack(pack_of(folder))
    print(f"load: {time.perf_counter() - imported:.2f} s after {imported - started:.2f} s for torch and stanza")
    return parser


def report_trees(models: Models, sets: dict[str, list[Sentence]]) -> None:
    """Print accuracies with given words and predicted tags."""
    print("\n| test | words | UPOS | XPOS | UAS | LAS |\n| --- | --- | --- | --- | --- | --- |")
    for name, gold in sets.items():
        score = score_trees(gold, parse(models, tag(models, gold)))
        cells = (f"{value:.2f}" for value in (score.upos, score.xpos, score.uas, score.las))
        print(f"| {name} | {score.words:,} | {' | '.join(cells)} |", flush=True)
    print()


def report_words(parser: StanzaParser, sentences: Sequence[Sentence]) -> None:
    """Print the F1 of words for one sentence a text, as written and as prompts are written."""
    prompts = [lowered(without_final_stop(sentence)) for sentence in sentences]
    for name, gold in (("as written", sentences), ("lower case, no final stop", prompts)):
        trees = parser.parse([text_of(sentence) for sentence in gold])
        true = {(number, *span) for number, sentence in enumerate(gold) for span in spans(sentence)}
        seen = {(number, token.start, token.end) for number, tree in enumerate(trees) for token in tree.tokens}
        print(f"words of EWT test, one sentence a text, {name}: F1 {f1(true, seen):.2f}")


def report_speed(parser: StanzaParser, prompts: Path) -> None:
    """Print prompts a second of processor time: one by one, and in bulk over few and over all prompts."""
    few, everything = speed_prompts(prompts), bulk_prompts(prompts)
    started = time.process_time()
    for prompt in few:
        parser.parse([prompt])
    print(f"one by one: {len(few) / (time.process_time() - started):.0f} prompts a second ({len(few)} prompts)")
    for chosen in (few, everything):
        started = time.process_time()
        parser.parse(chosen)
        seconds = time.process_time() - started
        print(f"in bulk: {len(chosen) / seconds:.0f} prompts a second ({len(chosen)} prompts)")
