from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aqmap.cli import app
from aqmap.parsing.conllu import read_conllu

CAT = "a red cat on a [straw] hat"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["parse", *words], env={"COLUMNS": "120", "TERM": "dumb"})


def test_tree_is_drawn_with_relations_tags_places_and_phrases() -> None:
    result = run("--prompt", CAT, "--parser", "chunker")
    assert result.exit_code == 0
    assert [line.rstrip() for line in result.stdout.splitlines()[:7]] == [
        "root: cat NOUN 6:9 [1]",
        "├── det: a DET 0:1",
        "├── amod: red ADJ 2:5 [1]",
        "└── nmod: hat NOUN 23:26 [2]",
        "    ├── case: on ADP 10:12 [2]",
        "    ├── det: a DET 13:14",
        "    └── compound: straw NOUN 16:21 [2]",
    ]


def test_phrases_are_listed_with_what_they_hang_on() -> None:
    result = run("--prompt", CAT, "--parser", "chunker")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│ [" in line]
    assert rows == [["[1]", "red cat", "cat", ""], ["[2]", "on straw hat", "straw hat", "1"]]


def test_conllu_is_printed_and_nothing_else() -> None:
    result = run("--prompt", "a red cat, a dog", "--parser", "chunker", "--conllu")
    assert [sentence.text for sentence in read_conllu(result.stdout)] == ["a red cat", "a dog"]


def test_printed_trees_are_a_parser(tmp_path: Path) -> None:
    file = tmp_path / "own.conllu"
    file.write_text(run("--prompt", CAT, "--parser", "chunker", "--conllu").stdout.replace("NOUN", "PROPN"), "utf-8")
    result = run("--prompt", CAT, "--parser", f"conllu:{file}")
    assert "root: cat PROPN 6:9 [1]" in result.stdout


def test_parts_that_rules_read_are_told(tmp_path: Path) -> None:
    file = tmp_path / "empty.conllu"
    file.write_text("", "utf-8")
    drawn = run("--prompt", "cat", "--parser", f"conllu:{file}")
    assert "note: The part `cat` of the prompt was read by simple rules" in " ".join(drawn.stdout.split())
    printed = run("--prompt", "cat", "--parser", f"conllu:{file}", "--conllu")
    assert "note: The part `cat`" in printed.stderr
    assert "note" not in printed.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prompt", " "], "Error: The prompt is empty"),
        (["--prompt", "cat", "--parser", "no-such"], "Error: Preset `no-such` is not installed"),
        (["--prompt", "cat", "--parser", "conllu:no.conllu"], "Error: The trees in no.conllu cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
