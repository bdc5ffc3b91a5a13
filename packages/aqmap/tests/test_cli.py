from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from aqmap import alignment
from aqmap.cli import app
from grefine_core import to_pil

PROMPT = "a red cat on a hat"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    to_pil(torch.rand(3, 40, 20)).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.fixture
def loaded(assessor, monkeypatch) -> list[tuple]:
    """Calls of `load`, which gives the planted encoder."""
    calls: list[tuple] = []
    monkeypatch.setattr(alignment, "load", lambda *args, **options: calls.append((args, options)) or assessor)
    return calls


def run(*arguments: object, **environment: str):
    return CliRunner(env={"COLUMNS": "200", **environment}).invoke(app, ["score", *map(str, arguments)])


def test_table_tells_phrases_verdicts_and_direction(picture: Path, loaded) -> None:
    result = run(picture, "--prompt", PROMPT)
    assert result.exit_code == 0
    for words in ("red cat", "attribute", "missing", "0.881", "0 is bad, 1 is good", "(red cat:1.1) (on a hat:1.1)"):
        assert words in result.stdout


def test_failing_words_are_coloured(picture: Path, loaded) -> None:
    result = run(picture, "--prompt", PROMPT, FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[33mred cat\x1b[0m" in result.stdout


def test_json_is_one_object(picture: Path, loaded) -> None:
    told = json.loads(run(picture, "--prompt", PROMPT, "--json").stdout)
    assert (told["path"], [phrase["verdict"] for phrase in told["phrases"]]) == (str(picture), ["attribute", "missing"])


def test_map_has_the_size_of_the_picture(picture: Path, loaded) -> None:
    out = picture.with_name("map.png")
    assert run(picture, "--prompt", PROMPT, "--map", out).exit_code == 0
    with Image.open(out) as image:
        assert image.size == (20, 40)


def test_options_reach_the_assessor(picture: Path, loaded) -> None:
    run(picture, "--prompt", PROMPT, "--preset", "a", "--parser", "b", "--device", "cpu", "--literal")
    ((args, options),) = loaded
    assert (args, options["parser"], options["device"], options["settings"].literal) == (("a",), "b", "cpu", True)


@pytest.mark.parametrize(
    ("path", "prompt", "out", "message"),
    [
        ("missing.png", "cat", None, "missing.png does not exist."),
        ("picture.png", " ", None, "The prompt is empty"),
        ("picture.png", "--v 5", None, "no words left"),
        ("picture.png", "cat", "map.jpg", "must end in .png"),
        ("picture.png", "cat", "picture.png", "would overwrite the picture"),
        ("picture.png", "cat", "no/map.png", "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    picture: Path, loaded, path: str, prompt: str, out: str | None, message: str
) -> None:
    folder = picture.parent
    before = sorted(folder.iterdir())
    result = run(folder / path, f"--prompt={prompt}", *(["--map", folder / out] if out else []))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert (loaded, sorted(folder.iterdir())) == ([], before)


def test_unknown_preset_is_named(picture: Path) -> None:
    result = run(picture, "--prompt", "cat", "--preset", "no-such-preset")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "`no-such-preset` is not installed" in result.stderr


def test_prompt_with_markup_is_printed_as_it_is(planted, written, picture: Path, monkeypatch) -> None:
    assess = alignment.AlignmentAssessor(planted, written({"bold": "bold/NOUN/-/root"}))
    monkeypatch.setattr(alignment, "load", lambda *_, **__: assess)
    assert "\n[bold]" in run(picture, "--prompt", "[bold]").stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from aqmap.cli import app\n"
        "try: app(['score', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'stanza', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip().endswith("[]")
