"""The whole way with the real `mini` models, offline: command line, report, demonstration."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from grefine import GRefiner, Settings, demo, refine_file
from grefine.cli import app
from grefine.packs import check_packs
from grefine.save import WRITTEN
from grefine_core import InputError, WeightsError

STEPS = 4
"""Enough to go through both stages; fewer than the default to save time."""
PROMPT = "a cup of coffee"


@pytest.fixture(scope="module")
def grefine() -> GRefiner:
    """Load the models once for all tests; skip where they are not installed."""
    try:
        check_packs(Settings())
    except (InputError, WeightsError) as error:
        pytest.skip(f"needs the models of grefine-mini: {error}")
    return GRefiner.load(Settings(device="cpu", steps=STEPS))


@pytest.fixture(scope="module")
def shown(grefine: GRefiner, tmp_path_factory: pytest.TempPathFactory) -> demo.Demonstration:
    """Run the demonstration once."""
    return demo.demonstrate(tmp_path_factory.mktemp("demo"), grefine.settings, load=lambda _: grefine)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a small damaged photograph."""
    pixels = demo.damage(demo.photograph())[0, :, ::2, ::2]
    path = tmp_path / "picture.png"
    Image.fromarray((pixels.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()).save(path)
    return path


def test_refinement_needs_no_network(grefine: GRefiner, picture: Path, tmp_path: Path, no_network: None) -> None:
    finished = refine_file(picture, PROMPT, tmp_path / "out", grefine.settings)  # loads its own models
    assert {file.name for file in finished.files} == set(WRITTEN)


def test_damaged_rectangle_has_lower_quality_than_the_rest(shown: demo.Demonstration) -> None:
    assert shown.inside < shown.outside - 0.1


def test_absent_thing_is_reported_missing_and_the_present_one_is_not(shown: demo.Demonstration) -> None:
    phrases = shown.finished.outcome.before.alignment.phrases
    verdicts = {phrase.noun: phrase.verdict for phrase in phrases}
    assert verdicts[demo.ABSENT] == "missing"
    assert [noun for noun, verdict in verdicts.items() if verdict == "missing"] == [demo.ABSENT]


def test_mask_covers_more_of_the_damage_than_of_the_rest(shown: demo.Demonstration) -> None:
    hard = shown.finished.outcome.refinement.mask.hard
    damaged = torch.zeros_like(hard)
    damaged[demo.rectangle(tuple(hard.shape))] = True
    assert hard[damaged].float().mean() > hard[~damaged].float().mean()


def test_report_holds_the_guard_s_decisions_and_an_unbroken_certificate(shown: demo.Demonstration) -> None:
    report = json.loads((shown.finished.files[0].parent / "report.json").read_text("utf-8"))
    assert report["guard"]["decisions"]
    assert all(decision["reason"] for decision in report["guard"]["decisions"])
    assert report["certificate"]["stage1_outside_mask"] == 0
    assert report["certificate"]["violations"] == []
    assert all(len(digest) == 64 for pack in report["models"]["packs"] for digest in pack["files"].values())
    assert None not in report["versions"].values()


def test_result_scores_no_lower_than_the_input_less_the_tolerance(shown: demo.Demonstration) -> None:
    before, after = shown.finished.outcome.before, shown.finished.outcome.after
    assert after.p + after.a >= before.p + before.a - shown.finished.outcome.refinement.settings.tolerance


def test_good_pixels_of_the_demonstration_stay_bit_for_bit(shown: demo.Demonstration) -> None:
    refinement = shown.finished.outcome.refinement
    untouched = refinement.mask.feathered == 0
    assert refinement.changed
    assert untouched.float().mean() > 0.5
    assert torch.equal(refinement.pixels[..., untouched], shown.finished.outcome.source[..., untouched])
    assert not shown.finished.certificate.whole


def test_size_of_the_picture_is_kept(shown: demo.Demonstration) -> None:
    with Image.open(shown.finished.files[0]) as image:
        assert image.size == (600, 400)


def test_same_seed_gives_the_same_bytes_and_another_one_other_bytes(
    grefine: GRefiner, picture: Path, tmp_path: Path
) -> None:
    written = []
    for number, seed in enumerate((1, 1, 2)):
        settings = Settings(device="cpu", steps=STEPS, seed=seed, guard=False)
        models = GRefiner.load(settings)
        folder = tmp_path / str(number)
        finished = refine_file(picture, PROMPT, folder, settings, load=lambda _, models=models: models)
        written.append(finished.files[0].read_bytes())
    assert written[0] == written[1] != written[2]


def test_scores_are_the_same_each_time(grefine: GRefiner, picture: Path) -> None:
    first, second = grefine.score(picture, PROMPT), grefine.score(picture, PROMPT)
    assert (first.p, first.a) == (second.p, second.a)
    assert torch.equal(first.perception.map, second.perception.map)
    assert torch.equal(first.alignment.map, second.alignment.map)


def command(*arguments: object) -> Result:
    """Run the command line in this process: a fresh one would spend seconds on imports each time."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def spoil(path: Path, how: str) -> None:
    """Turn a picture into what is no picture, in the named way."""
    content = path.read_bytes()
    path.unlink()
    if how == "text":
        path.write_text("not a picture")
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.touch()
    elif how == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("how", "flags", "message"),
    [
        ("absent", ("--prompt", PROMPT), "does not exist"),
        ("text", ("--prompt", PROMPT), "is not a picture"),
        ("truncated", ("--prompt", PROMPT), "damaged or truncated"),
        ("empty", ("--prompt", PROMPT), "is empty (0 bytes)"),
        ("folder", ("--prompt", PROMPT), "is a folder"),
        ("", ("--prompt", " "), "The prompt is empty"),
        ("", ("--prompt", PROMPT, "--preset", "huge"), "Preset `huge` is not installed for grefine.encoders"),
        ("", ("--prompt", PROMPT, "--device", "abacus"), "Device `abacus` cannot be used"),
    ],
)
def test_error_is_one_line_with_code_2_and_nothing_is_written(
    how: str, flags: tuple[str, ...], message: str, picture: Path, tmp_path: Path
) -> None:
    if how:
        spoil(picture, how)
    before = sorted(tmp_path.rglob("*"))
    done = command("refine", picture, *flags, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_installed_command_ends_with_one_line_and_code_2(tmp_path: Path) -> None:
    code = "from grefine.cli import main; main()"
    line = [sys.executable, "-c", code, "refine", str(tmp_path / "absent.png"), "--prompt", PROMPT, "-o", "out"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: {tmp_path / 'absent.png'} does not exist.\n"
    assert list(tmp_path.iterdir()) == []


def test_output_folder_that_is_a_file_is_one_line_with_code_2(grefine: GRefiner, picture: Path) -> None:
    done = command("refine", picture, "--prompt", PROMPT, "-o", picture)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "is a file" in done.stderr


def test_altered_weights_are_one_line_with_code_2(
    grefine: GRefiner, picture: Path, tmp_path: Path, monkeypatch
) -> None:
    original = Path.open

    def altered(self: Path, *args: object, **options: object):
        if self.suffix == ".safetensors":
            return original(picture, *args, **options)
        return original(self, *args, **options)

    from grefine_core import weights

    weights._digest.cache_clear()
    monkeypatch.setattr(Path, "open", altered)
    result = command("refine", picture, "--prompt", PROMPT, "-o", tmp_path / "out")
    weights._digest.cache_clear()
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "has sha256" in result.stderr
    assert not (tmp_path / "out").exists()


def test_command_scores_as_json(grefine: GRefiner, picture: Path) -> None:
    done = command("score", picture, "--prompt", PROMPT, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["p"] == pytest.approx(grefine.score(picture, PROMPT).p, abs=1e-4)


def test_doctor_finds_the_models_intact(grefine: GRefiner) -> None:
    result = command("doctor", "--verify")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.count("files intact") >= 4
