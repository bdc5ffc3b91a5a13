"""Train stanza's tokenizer: raw text, one label a character, no sentence without its final stop.

The tokenizer learns where words end, contractions (do + n't) included. Its training strings random
sentences together, so sentences without final punctuation would teach it to cut in mid-air; stanza
itself drops the last character of some texts, which covers the missing stop at the end of a prompt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tools.parser.corpus import draw_phrases
from tools.parser.fragments import noun_phrases, with_stop
from tools.parser.pack_models import TOKENIZER_FILE
from tools.parser.treebank import TRAINING, Sentence, lowered, read_treebank, text_of, write_conllu

LONGEST = 300
"""Characters of a sentence; stanza throws longer ones away."""
FRAGMENTS = 3000
OPTIONS = (
    "--mode train --lang en --shorthand en_mini --cpu --emb_dim 32 --hidden_dim 64 --conv_res 1,9 --no_use_mwt "
    f"--max_seqlen {LONGEST} --batch_size 20"
)
_FINAL = frozenset(".!?\"')]:;…")


def labels(sentence: Sentence) -> str:
    """Return a digit a character: 0 inside a word or between words, 1 end of a word, 2 end of the sentence."""
    out = "".join("0" * (len(word.form) - 1) + "1" + "0" * word.space_after for word in sentence)
    return out[: len(text_of(sentence)) - 1] + "2"


def paragraphs(sentences: Sequence[Sentence], rng: Random) -> list[list[Sentence]]:
    """Return the sentences in order, 1 to 4 a paragraph."""
    out, place = [], 0
    while place < len(sentences):
        count = rng.randint(1, 4)
        out.append(list(sentences[place : place + count]))
        place += count
    return out


def write_texts(folder: Path, name: str, parts: Sequence[Sequence[Sentence]]) -> None:
    """Write `name.txt`, `name.toklabels` and `name.conllu`."""
    texts = [" ".join(text_of(sentence) for sentence in part) for part in parts]
    digits = ["0".join(labels(sentence) for sentence in part) for part in parts]
    (folder / f"{name}.txt").write_text("\n\n".join(texts) + "\n\n", encoding="utf-8")
    (folder / f"{name}.toklabels").write_text("\n\n".join(digits) + "\n\n", encoding="utf-8")
    write_conllu(folder / f"{name}.conllu", (sentence for part in parts for sentence in part))


def training_sentences(treebank: Path, rng: Random, every: int) -> list[Sentence]:
    """Return sentences that end in punctuation, a few that do not, a quarter in lower case, and fragments."""
    read = [sentence for name in TRAINING for sentence in read_treebank(treebank, name)][::every]
    kept = [s for s in read if len(text_of(s)) <= LONGEST and (s[-1].form[-1] in _FINAL or rng.random() < 0.3)]
    phrases = [phrase for sentence in read for phrase in noun_phrases(sentence)]
    out = [lowered(sentence) if rng.random() < 0.25 else sentence for sentence in kept]
    drawn = draw_phrases(phrases, rng, FRAGMENTS // every)
    return out + [phrase if phrase[-1].upos == "PUNCT" else with_stop(phrase) for phrase in drawn]


def train_tokenizer(treebank: Path, work: Path, *, steps: int, seed: int, every: int = 1) -> None:
    """Write `tok.pt` into the run's tokenizer folder, if it is not there."""
    from stanza.models import tokenizer

    folder = work / "tokenizer"
    if (folder / TOKENIZER_FILE).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)
    sentences = training_sentences(treebank, rng, every)
    rng.shuffle(sentences)
    write_texts(folder, "train", paragraphs(sentences, rng))
    dev = [s for s in read_treebank(treebank, "en_ewt-dev") if len(text_of(s)) <= LONGEST]
    write_texts(folder, "dev", paragraphs(dev[:800], rng))
    (folder / "empty.json").write_text(json.dumps([]), encoding="utf-8")  # it is read even with --no_use_mwt
    unfinished = "unfinished.pt"
    files = {
        "--txt_file": "train.txt",
        "--label_file": "train.toklabels",
        "--mwt_json_file": "empty.json",
        "--dev_txt_file": "dev.txt",
        "--dev_label_file": "dev.toklabels",
        "--dev_conll_gold": "dev.conllu",
    }
    places = [part for option, name in files.items() for part in (option, str(folder / name))]
    run = ["--save_dir", str(folder), "--save_name", unfinished, "--seed", str(seed)]
    run += ["--steps", str(steps), "--eval_steps", str(max(1, steps // 3))]
    tokenizer.main([*OPTIONS.split(), *places, *run])
    (folder / unfinished).replace(folder / TOKENIZER_FILE)
