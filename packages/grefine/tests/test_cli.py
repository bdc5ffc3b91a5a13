from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PIL import Image
from typer.testing import CliRunner

from grefine import GRefiner
from grefine.cli import app
from grefine.save import WRITTEN


@pytest.fixture
def invoke(models, monkeypatch, no_packs):
    """Return a function that runs the command line with fake models."""
    monkeypatch.setattr(GRefiner, "load", models.load)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_score_prints_both_scores_and_the_phrases(invoke, damaged_pixels, save_picture) -> None:
    result = invoke("score", save_picture(damaged_pixels), "--prompt", "a red bicycle")
    assert result.exit_code == 0
    assert "0.875" in result.stdout
    assert "0.400" in result.stdout
    assert "missing" in result.stdout
    assert "emphasised: a red (bicycle:1.1)" in result.stdout


def test_score_prints_one_json_object(invoke, damaged_pixels, save_picture) -> None:
    path = save_picture(damaged_pixels)
    result = invoke("score", path, "--prompt", "a red bicycle", "--json")
    told = json.loads(result.stdout)
    assert (told["path"], told["prompt"], told["a"]) == (str(path), "a red bicycle", 0.4)


def test_refine_prints_what_it_did_and_where_the_files_are(invoke, damaged_pixels, save_picture, tmp_path) -> None:
    result = invoke("refine", save_picture(damaged_pixels), "--prompt", "a cat", "-o", tmp_path / "out")
    assert result.exit_code == 0
    for expected in ("before", "after", "region 0", "Kept", *WRITTEN):
        assert expected in result.stdout
    assert str(tmp_path / "out" / "report.json") in result.stdout


def test_refine_says_so_where_nothing_needs_repair(invoke, good_pixels, save_picture, tmp_path) -> None:
    result = invoke("refine", save_picture(good_pixels), "--prompt", "a cat", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "Nothing to repair" in result.stdout
    assert "refined.png is the input, byte for byte" in result.stdout


def test_flags_reach_the_report_and_win_over_the_file(invoke, damaged_pixels, save_picture, tmp_path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("seed = 3\nsteps = 6\nliteral = true\n", encoding="utf-8")
    flags = ("--steps", 8, "--no-guard", "--config", config)
    result = invoke("refine", save_picture(damaged_pixels), "--prompt", "a cat", "-o", tmp_path / "out", *flags)
    assert result.exit_code == 0
    settings = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["settings"]
    assert {key: settings[key] for key in ("seed", "steps", "literal", "guard")} == {
        "seed": 3,
        "steps": 8,
        "literal": True,
        "guard": False,
    }


def test_flags_of_the_repair_reach_the_report(invoke, damaged_pixels, save_picture, tmp_path) -> None:
    mask = save_picture(damaged_pixels * 0, "mask.png")
    flags = ("--mask", "soft", "--threshold", 0.4, "--min-area", 0.01, "--rounds", 2, "--max-regions", 3)
    more = ("--order", "largest", "--strength", 0.3, "--pass", "never", "--locked", mask)
    path = save_picture(damaged_pixels)
    result = invoke("refine", path, "--prompt", "a cat", "-o", tmp_path / "out", *flags, *more)
    assert result.exit_code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    expected = {
        "mask": "soft",
        "threshold": 0.4,
        "min_area": 0.01,
        "rounds": 2,
        "max_regions": 3,
        "order": "largest",
        "strength": 0.3,
        "mild_pass": "never",
        "locked": str(mask),
    }
    assert {key: report["settings"][key] for key in expected} == expected
    assert report["refiner_settings"]["mask"]["mode"] == "soft"
    assert report["strengths"]["stage1"] == 0.3


def test_rounds_are_told_apart_in_the_table(
    invoke, models, damaged_pixels, save_picture, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    models.red = 0.85
    path = save_picture(damaged_pixels)
    rounds = ("--rounds", 2, "--threshold", 0.12, "--pass", "never")
    result = invoke("refine", path, "--prompt", "a cat", "-o", tmp_path / "out", *rounds)
    assert result.exit_code == 0
    regions = json.loads((tmp_path / "out" / "regions.json").read_text("utf-8"))["regions"]
    assert len({tuple(region["box"]) for region in regions}) == len(regions) == 2
    for region in regions:
        top, left, bottom, right = region["box"]
        what = f"round {region['round']}, region 0 (quality), rows {top}-{bottom}, columns {left}-{right}"
        assert what in result.stdout


def test_locked_mask_of_another_size_is_one_sentence(invoke, damaged_pixels, save_picture, tmp_path) -> None:
    mask = save_picture(damaged_pixels[..., :40], "mask.png")
    path = save_picture(damaged_pixels)
    result = invoke("refine", path, "--prompt", "a cat", "-o", tmp_path / "out", "--locked", mask)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "has 40 x 48 pixels, the picture 64 x 48" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--prompt", "a cat", "--mask", "hard"), "Error: `mask` must be one of"),
        (("--prompt", "a cat", "--pass", "no"), "Error: `mild_pass` must be one of"),
        (("--prompt", "a cat", "--rounds", 0), "Error: `rounds` must lie in"),
        (("--prompt", "a cat", "--locked", "absent.png"), "Error: absent.png does not exist"),
        (("--prompt", ""), "Error: The prompt is empty"),
        (("--prompt", "a cat", "--steps", 1), "Error: `steps` must lie in"),
        (("--prompt", "a cat", "--seed", -1), "Error: `seed` must lie in"),
        (("--prompt", "a cat", "--format", "jpeg"), "Error: `format` must be one of exact, keep"),
        (("--prompt", "a cat", "--device", "abacus"), "Error: Device `abacus`"),
        (("--prompt", "a cat", "--dtype", "int3"), "Error: `dtype` must be one of auto"),
        (("--prompt", "a cat", "--device", "cpu", "--offload", "model"), "Error: `offload` model needs an accelerator"),
        (("--prompt", "a cat", "--diffusion", "nothing"), "Error: Preset `nothing` is not installed"),
        (("--prompt", "a cat", "--config", "absent.toml"), "Error: The settings file absent.toml"),
    ],
)
def test_error_is_one_line_with_code_2_and_nothing_is_written(
    flags, message, invoke, damaged_pixels, save_picture, tmp_path
) -> None:
    result = invoke("refine", save_picture(damaged_pixels), "-o", tmp_path / "out", *flags)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


def test_options_of_the_diffusion_model_reach_the_report(invoke, damaged_pixels, save_picture, tmp_path) -> None:
    flags = ("--diffusion", "sdxl", "--dtype", "bfloat16", "--vae-tiling", "--compile")
    result = invoke("refine", save_picture(damaged_pixels), "--prompt", "a cat", "-o", tmp_path / "out", *flags)
    assert result.exit_code == 0
    settings = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["settings"]
    names = ("diffusion", "dtype", "offload", "vae_tiling", "compile")
    assert [settings[name] for name in names] == ["sdxl", "bfloat16", "none", True, True]


def test_absent_diffusion_model_is_one_line_with_code_2(damaged_pixels, save_picture, tmp_path, monkeypatch) -> None:
    pytest.importorskip("grefine_mini")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    arguments = ("refine", save_picture(damaged_pixels), "--prompt", "a cat", "-o", tmp_path / "out")
    result = CliRunner().invoke(app, [*map(str, arguments), "--diffusion", "sdxl"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The model diffusers/stable-diffusion-xl")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def refined(invoke, damaged_pixels, save_picture, tmp_path):
    """Return input, result and mask of a refinement."""
    path = save_picture(damaged_pixels)
    invoke("refine", path, "--prompt", "a cat", "-o", tmp_path / "out")
    return path, tmp_path / "out" / "refined.png", tmp_path / "out" / "mask.png"


def test_check_of_an_own_result_says_what_the_report_says(invoke, refined) -> None:
    before, after, mask = refined
    told = json.loads((after.parent / "report.json").read_text("utf-8"))["certificate"]
    result = invoke("check", before, after, "--mask", mask, "--json")
    again = json.loads(result.stdout)
    assert again["whole"] == told["whole"]
    assert again["violations"] == told["violations"]
    assert result.exit_code == (1 if told["violations"] else 0)


@pytest.fixture
def harmful(models):
    """Let the diffusion model be one that does good pixels harm."""
    models.mild_pass = False


@pytest.mark.usefixtures("harmful")
def test_mild_pass_that_was_left_out_is_told_alike_by_summary_report_and_check(invoke, refined) -> None:
    before, after, mask = refined
    report = json.loads((after.parent / "report.json").read_text("utf-8"))
    assert "No mild pass over the whole picture: `fake` would harm good pixels." in report["message"]
    assert (report["settings"]["mild_pass"], report["steps"]["stage2"]) == ("auto", 0)
    assert (report["certificate"]["whole"], report["certificate"]["changed_outside"]) == (False, 0)
    checked = invoke("check", before, after, "--mask", mask)
    assert (checked.exit_code, "mild pass" in checked.stdout) == (0, False)
    again = invoke("replay", after.parent / "report.json")
    assert (again.exit_code, "Identical" in again.stdout) == (0, True)


@pytest.mark.usefixtures("harmful")
@pytest.mark.parametrize(("flags", "told"), [((), True), (("--pass", "always"), False)])
def test_summary_says_that_the_mild_pass_was_left_out(
    flags, told, invoke, damaged_pixels, save_picture, tmp_path
) -> None:
    result = invoke("refine", save_picture(damaged_pixels), "--prompt", "a cat", *flags, "-o", tmp_path / "out")
    assert ("No mild pass over the whole picture" in " ".join(result.stdout.split())) == told


def test_check_ends_with_1_and_names_the_violation(invoke, refined) -> None:
    before, _, mask = refined
    with Image.open(before) as image:
        changed = image.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    changed.save(before.with_name("changed.png"))
    result = invoke("check", before, before.with_name("changed.png"), "--mask", mask)
    assert result.exit_code == 1
    assert "violated: 1 pixels outside the mask differ" in result.stdout
    assert invoke("check", before, before.with_name("changed.png"), "--mask", mask, "--whole").exit_code == 0


def test_check_of_equal_files_ends_with_0(invoke, refined) -> None:
    before, _, mask = refined
    result = invoke("check", before, before, "--mask", mask)
    assert (result.exit_code, "The certificate holds" in result.stdout) == (0, True)


def test_check_without_a_file_is_bad_input(invoke, refined) -> None:
    before, _, mask = refined
    result = invoke("check", before, before.with_name("absent.png"), "--mask", mask)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "absent.png does not exist" in result.stderr


def test_doctor_names_versions_devices_and_presets(invoke) -> None:
    result = invoke("doctor")
    for expected in ("python:", "torch:", "cpu:", "grefine.encoders"):
        assert expected in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from grefine.cli import app;"
        "runs = [CliRunner().invoke(app, [*c, '--help']) for c in ([], ['score'], ['refine'], ['check'], ['doctor'])];"
        "assert [r.exit_code for r in runs] == [0] * 5, runs;"
        "print(sorted({'torch', 'numpy', 'PIL', 'diffusers', 'transformers', 'stanza', 'skimage'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (result.stdout.strip(), result.returncode) == ("[]", 0), result.stderr
