"""One picture, told in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PROMPT = "a red cat on a hat"


def with_text(path: Path, **texts: str) -> Path:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.new("RGB", (20, 40), (200, 200, 200)).save(path, pnginfo=info)
    return path


def test_table_tells_phrases_scores_verdicts_ancestors_and_places(run: Any, loads: Any, picture: Path) -> None:
    result = run(picture, "--prompt", PROMPT)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.replace("│", " ").split()) for line in result.stdout.splitlines()]
    assert "red cat 0.881 0.415 attribute 2:9" in lines
    assert "on hat 0.002 0.002 missing red cat 10:18" in lines
    assert lines[-1] == "alignment 0.000 (0 is bad, 1 is good)"
    assert "judged: 100% of the content words" in lines
    assert "emphasised: a (red cat:1.1) (on a hat:1.1)" in lines


def test_failing_words_are_marked_below_where_there_are_no_colours(run: Any, loads: Any, picture: Path) -> None:
    lines = run(picture, "--prompt", PROMPT).stdout.splitlines()
    place = lines.index(PROMPT)
    assert lines[place + 1 : place + 3] == ["  ~~~~~~~ xxxxxxxx", "(xxx missing, ~~~ attribute)"]


@pytest.mark.parametrize("off", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_that_are_off_on_a_terminal_leave_the_marks(run: Any, loads: Any, picture: Path, off: Any) -> None:
    result = run(picture, "--prompt", PROMPT, **{"FORCE_COLOR": "1", "TERM": "xterm-256color", **off})
    assert "\x1b[3" not in result.stdout
    assert "  ~~~~~~~ xxxxxxxx\n" in result.stdout


def test_failing_words_are_coloured_and_the_colours_named(run: Any, loads: Any, picture: Path) -> None:
    result = run(picture, "--prompt", PROMPT, FORCE_COLOR="1", TERM="xterm-256color")
    assert "a \x1b[33mred cat\x1b[0m \x1b[1;31mon a hat\x1b[0m\n" in result.stdout
    assert "(\x1b[1;31mmissing\x1b[0m, \x1b[33mattribute\x1b[0m)\n" in result.stdout
    assert "~~~" not in result.stdout


def test_unwanted_words_and_those_not_judged_are_told_with_the_reason(run: Any, loads: Any, picture: Path) -> None:
    result = run(picture, "--prompt", "masterpiece, cat", "--negative", "cat, worst quality, hat")
    assert "not judged: quality words" in result.stdout
    assert "not wanted: cat 0.881 (seen), worst quality 0.002 (not judged), hat 0.002 (not seen)\n" in result.stdout
    assert "judged: 50% of the content words\n" in result.stdout
    assert "note: Not judged, since words of praise name nothing to be seen: masterpiece.\n" in result.stdout


def test_json_is_one_object_with_everything(run: Any, loads: Any, picture: Path) -> None:
    told = json.loads(run(picture, "--prompt", PROMPT, "--negative", "dog", "--json").stdout)
    assert (told["image"], told["prompt_source"], told["prompt"]) == (str(picture), "argument", PROMPT)
    assert [phrase["verdict"] for phrase in told["phrases"]] == ["attribute", "missing"]
    assert [phrase["text"] for phrase in told["unwanted"]] == ["dog"]
    assert told["coverage"] == 1


def test_map_has_the_size_of_the_picture(run: Any, loads: Any, picture: Path) -> None:
    out = picture.with_name("map.png")
    assert run(picture, "--prompt", PROMPT, "--map", out).exit_code == 0
    with Image.open(out) as image:
        assert (image.format, image.size) == ("PNG", (20, 40))


def test_phrase_maps_are_one_png_each_named_by_their_words(run: Any, loads: Any, picture: Path) -> None:
    out = picture.with_name("maps")
    assert run(picture, "--prompt", PROMPT, "--phrase-maps", out).exit_code == 0
    assert sorted(file.name for file in out.iterdir()) == ["01-red-cat.png", "02-on-hat.png"]
    with Image.open(out / "01-red-cat.png") as image:
        upper, lower = image.getpixel((10, 2)), image.getpixel((10, 37))
        assert image.size == (20, 40)
    assert upper[1] - upper[0] > lower[1] - lower[0]  # it is in the upper half: greener


def test_options_reach_the_loader(run: Any, loads: Any, picture: Path) -> None:
    models = ["--preset", "a", "--parser", "b", "--scorer", "c", "--device", "cpu"]
    assert run(picture, "--prompt", PROMPT, *models, "--literal").exit_code == 0
    ((args, options),) = loads
    assert (args, options["settings"].literal) == (("a",), True)
    assert {name: options[name] for name in ("parser", "scorer", "device")} == {
        "parser": "b",
        "scorer": "c",
        "device": "cpu",
    }


def test_prompt_in_the_picture_is_used_and_its_source_named(run: Any, loads: Any, tmp_path: Path) -> None:
    path = with_text(tmp_path / "a.png", parameters=f"{PROMPT}\nNegative prompt: dog\nSteps: 9, Seed: 1")
    result = run(path, "--prompt-from", "metadata")
    assert (result.exit_code, result.stderr) == (0, "The prompt is that of A1111.\n")
    assert f"\n{PROMPT}\n" in result.stdout
    assert "not wanted: dog " in result.stdout
    told = json.loads(run(path, "--prompt-from", "metadata", "--negative", "hat", "--json").stdout)
    assert (told["prompt_source"], told["negative"]) == ("A1111", "hat")


def test_prompt_beside_the_picture_is_used(run: Any, loads: Any, picture: Path) -> None:
    picture.with_suffix(".txt").write_text("\ufeffcat\n", encoding="utf-8")
    result = run(picture, "--prompt-from", "sidecar")
    assert (result.exit_code, result.stderr) == (0, "The prompt is that of the text beside the picture.\n")
    assert "\ncat\n" in result.stdout


def test_prompt_with_markup_is_printed_as_it_is(run: Any, loads: Any, picture: Path) -> None:
    assert "\n[bold] (cat:1.2)\n" in run(picture, "--prompt", "[bold] (cat:1.2)").stdout


def test_prompt_of_a_stranger_does_nothing_to_the_terminal(run: Any, loads: Any, tmp_path: Path) -> None:
    path = with_text(tmp_path / "a.png", parameters="red\x1b[31m \x07\u202ecat\x9b2J, dog")
    for environment in ({}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}):
        result = run(path, "--prompt-from", "metadata", **environment)
        assert result.exit_code == 0
        assert not set("\x07\x9b\u202e") & set(result.stdout)
        assert "red\x1b[31m" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.png", "--prompt", "cat"], "gone.png does not exist."),
        (["picture.png"], "Give --prompt, or --prompt-from metadata (of A1111, ComfyUI or InvokeAI) or sidecar"),
        (["picture.png", "--prompt", "cat", "--prompt-from", "sidecar"], "not both"),
        (["picture.png", "--prompt", " "], "The prompt is empty"),
        (["picture.png", "--prompt=--v 5"], "no words left"),
        (["picture.png", "--prompt-from", "metadata"], "picture.png holds no prompt of A1111, ComfyUI or InvokeAI."),
        (["picture.png", "--prompt-from", "sidecar"], "neither picture.png.txt nor picture.txt."),
        (["note.txt", "--prompt", "cat"], "note.txt is not a picture that can be read."),
        (["picture.png", "--prompt", "cat", "--map", "map.jpg"], "must end in .png"),
        (["picture.png", "--prompt", "cat", "--map", "picture.png"], "would overwrite the picture"),
        (["picture.png", "--prompt", "cat", "--map", "no/map.png"], "does not exist"),
        (["picture.png", "--prompt", "cat", "--phrase-maps", "note.txt"], "The output folder note.txt is a file."),
        (["picture.png", "--prompt", "cat", "--phrase-maps", "."], "of --phrase-maps is not empty"),
        (["picture.png", "--prompt", "cat", "--phrase-maps", "no/maps"], "of --phrase-maps does not exist"),
        (["picture.png", "--prompt", "cat", "--resume"], "are about a table; name one with -o"),
        (["picture.png", "--prompt", "cat", "--prompt-column", "x"], "are about a table; name one"),
        (["picture.png", "picture.png", "--prompt", "cat", "--map", "m.png"], "take one picture file, and no -o"),
        (["picture.png", "--prompt", "cat", "-o", "t.csv", "--phrase-maps", "m"], "take one picture file, and no -o"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2_before_a_model_is_loaded(
    run: Any, loads: Any, picture: Path, monkeypatch: Any, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(picture.parent)
    picture.with_name("note.txt").write_text("a note")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert (loads, {path: path.read_bytes() for path in Path().iterdir()}) == ([], before)


def test_unknown_preset_is_named(run: Any, picture: Path) -> None:
    result = run(picture, "--prompt", "cat", "--preset", "no-such-preset")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "`no-such-preset` is not installed" in result.stderr


def test_failure_of_the_model_leaves_no_files(run: Any, loads: Any, encoder: Any, picture: Path) -> None:
    encoder.encode_image = lambda _: torch.zeros(0).view(3)
    result = run(picture, "--prompt", "cat", "--phrase-maps", picture.with_name("maps"))
    assert result.exit_code != 0
    assert [file.name for file in picture.parent.iterdir()] == [picture.name]
