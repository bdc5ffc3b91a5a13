"""How real prompts are read: crashes, words that no phrase has, parts that rules read, and speed.

    python benchmarks/parse_corpus.py [--parser mini] [--data FOLDER] [--every 1] [--threads 1]

All prompts go through `normalise`, `parse_prompts`, `find_phrases` and `find_ancestors`. A word counts as
covered if it is in exactly one phrase; articles, conjunctions and punctuation are not counted. The speed
is that of `parse_prompts` alone, in one call; seconds of the processor count only our own work, which
tells more on a machine that is shared.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path

import stanza
import torch

from aqmap.ancestors import find_ancestors
from aqmap.parsing.parser import ParsedPrompt, load_parser, parse_prompts
from aqmap.phrases import find_phrases, is_silent
from aqmap.prompts.prompt import Prompt, normalise

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.prompt_corpora import read_prompts  # noqa: E402 - found only now

DATA = Path(os.environ.get("GREFINE_DATA", ROOT.parent / "shared"))


def count(prompts: list[Prompt], parsed: list[ParsedPrompt]) -> Counter[str]:
    """Return how many prompts, words, phrases, ... there are."""
    found: Counter[str] = Counter(prompts=len(prompts), characters=sum(len(prompt.text) for prompt in prompts))
    for one in parsed:
        tree, phrases = one.tree, find_phrases(one.tree)
        members = Counter(index for phrase in phrases for index in phrase.tokens)
        content = [token.index for token in tree.tokens if not is_silent(token)]
        found["words"] += len(content)
        found["covered words"] += sum(members[index] == 1 for index in content)
        found["phrases"] += len(phrases)
        found["phrases below another"] += sum(above != i for i, above in enumerate(find_ancestors(tree, phrases)))
        found["prompts read by rules in part"] += bool(one.remarks)
    return found


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parser", default="mini")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--every", type=int, default=1, help="read only each n-th prompt")
    arguments.add_argument("--threads", type=int, default=1)
    args = arguments.parse_args()
    torch.set_num_threads(args.threads)
    texts = read_prompts(args.data / "prompts")[:: args.every]
    began, start = time.process_time(), time.perf_counter()
    parser = load_parser(args.parser)
    loaded, loaded_cpu = time.perf_counter() - start, time.process_time() - began
    prompts = [normalise(text) for text in texts]
    parse_prompts(prompts[:50], parser)  # warms up
    began, start = time.process_time(), time.perf_counter()
    parsed = parse_prompts(prompts, parser)
    seconds, cpu = time.perf_counter() - start, time.process_time() - began
    found = count(prompts, parsed)
    print(f"parser {parser.name}, stanza {stanza.__version__}, torch {torch.__version__}, {platform.machine()},")
    print(f"{args.threads} threads; loaded in {loaded:.2f} s, {loaded_cpu:.2f} s of the processor (torch and stanza")
    print("were imported before)")
    for name, number in found.items():
        print(f"{name:30} {number:9,}")
    print(f"{'coverage of words':30} {found['covered words'] / found['words']:9.2%}")
    print(f"{'seconds':30} {seconds:9.1f}")
    print(f"{'seconds of the processor':30} {cpu:9.1f}")
    print(f"{'prompts a second':30} {len(prompts) / seconds:9.1f}")


if __name__ == "__main__":
    main()
