"""The prompts of the test data: some have quotations, hardly any has syntax, and no word may be lost."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqmap.prompts.prompt import Prompt, normalise


def column(path: Path, name: str) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        tabs = path.suffix == ".tsv"
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.DictReader(file)
        yield from (row[name] for row in rows)


@pytest.fixture(scope="module")
def prompts(data_folder: Path) -> list[Prompt]:
    folder = data_folder / "prompts"
    if not folder.is_dir():
        pytest.skip("needs the folder `prompts` of the test data")
    texts = (folder / "agiqa3k_prompts.txt").read_text(encoding="utf-8").splitlines()
    for name in ("agiqa1k.csv", "aigciqa2023.csv"):
        texts += column(folder / name, "prompt")
    texts += column(folder / "partiprompts.tsv", "Prompt")
    for path in sorted((folder / "t2i_compbench").glob("*.tsv")):
        texts += column(path, "prompt")
    lines = (folder / "geneval.jsonl").read_text(encoding="utf-8").splitlines()
    texts += (json.loads(line)["prompt"] for line in lines)
    return [normalise(text) for text in dict.fromkeys(texts)]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_no_word_of_a_real_prompt_is_lost(prompts: list[Prompt]) -> None:
    assert len(prompts) > 6000
    assert [prompt.original for prompt in prompts if words(prompt.text) != words(prompt.original)] == []


def test_segments_hold_all_words(prompts: list[Prompt]) -> None:
    for prompt in prompts:
        parts = " ".join(prompt.text[start:end] for start, end in prompt.segments)
        assert words(parts) == words(prompt.text)


def test_plain_text_of_real_prompts_is_stable(prompts: list[Prompt]) -> None:
    assert [prompt.text for prompt in prompts if normalise(prompt.text).text != prompt.text] == []


def test_real_quotations_are_writing(prompts: list[Prompt]) -> None:
    quoted = [prompt for prompt in prompts if re.search(r"\"[^\"]+\"|\B'[^']+'\B", prompt.original)]
    assert len(quoted) >= 45
    assert [prompt.original for prompt in quoted if not prompt.writing] == []
    assert all(
        len(segment) == end - start
        for prompt in quoted
        for segment, (start, end) in zip(prompt.parser_segments(), prompt.segments, strict=True)
    )


def test_content_of_real_prompts_is_not_taken_for_praise(prompts: list[Prompt]) -> None:
    praise = {prompt.original[start:end] for prompt in prompts for start, end in prompt.unjudged}
    assert praise <= {"hyper detail"}
