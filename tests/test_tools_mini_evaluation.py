"""The evaluation of the mini pack: its arithmetic, its pictures, its table, on a tiny folder of assets."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from grefine_core import InputError
from tests.mini_assets import OBJECTS, write_assets
from tools.mini import evaluate
from tools.mini.assets import Assets
from tools.mini.evaluation import meaning, quality, repair
from tools.mini.evaluation.material import Material
from tools.mini.evaluation.records import Finding, Skipped, auroc, mean_of, srcc
from tools.mini.evaluation.report import HEADER, markdown_row, summary


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_assets(tmp_path_factory.mktemp("data"))
    (folder / "photos").mkdir()
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (24, 36, 3)).astype(np.uint8)
    Image.fromarray(texture).resize((288, 192), Image.Resampling.BICUBIC).save(folder / "photos" / "one.png")
    return folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Material:
    return Material(assets=Assets(folder, split="all"), share=0.05)


def matcher(choose: Any) -> Any:
    """Return models whose texts score as `choose(texts)` says, everywhere alike."""

    def match(pixels: torch.Tensor, texts: list[str]) -> Any:
        scores = torch.tensor(choose(texts), dtype=torch.float32)
        return SimpleNamespace(scores=scores, grids=scores[:, None, None].expand(-1, 4, 4))

    return SimpleNamespace(matcher=match)


@pytest.mark.parametrize(
    ("value", "target", "at_most", "met"),
    [(0.7, 0.6, False, True), (0.5, 0.6, False, False), (0.04, 0.05, True, True), (math.nan, 0.6, False, None)],
)
def test_target_is_met_on_its_side(value: float, target: float, at_most: bool, met: bool | None) -> None:
    assert Finding(claim="x", value=value, target=target, at_most=at_most).met is met


def test_mean_counts_groups_alike() -> None:
    value, interval = mean_of([[1.0, 1.0, 1.0, 1.0], [0.0]])
    assert value == 0.5
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_auroc_is_the_share_of_ordered_pairs() -> None:
    assert auroc([0.9, 0.4], [0.1, 0.5]) == 0.75
    assert auroc([0.5], [0.5]) == 0.5
    assert math.isnan(auroc([], [0.5]))


def test_srcc_of_constant_values_is_not_defined() -> None:
    assert math.isnan(srcc(np.ones(5), np.arange(5.0)))
    assert srcc(np.arange(5.0), np.arange(5.0) ** 2) == pytest.approx(1)


def test_table_row_says_met_or_missed() -> None:
    good = markdown_row(Finding(claim="a", value=0.9, target=0.5, n=3))
    bad = markdown_row(Finding(claim="a", value=0.9, target=0.5, at_most=True, n=3))
    assert "| met |" in good
    assert "missed" in bad
    assert good.count("|") == HEADER.splitlines()[0].count("|")


def test_summary_counts_only_what_was_measured() -> None:
    findings = [Finding(claim="a", value=math.nan, target=1), Finding(claim="b", value=2, target=1)]
    assert summary(findings) == "1 of 1 targets met."


def test_cut_outs_stand_alone_and_are_not_enlarged(material: Material) -> None:
    rows = material.photo_rows()
    assert len(rows) == sum(style == "photo" for _, _, style in OBJECTS.values())
    for row, scenes in zip(rows, material.cut_out_scenes(rows, 40), strict=True):
        assert len(scenes) == 2
        for scene in scenes:
            placed = scene.objects[0]
            left, top, right, bottom = placed.box
            assert (placed.noun, placed.count, len(scene.objects)) == (row["noun"], 1, 1)
            assert max(right - left, bottom - top) <= max(row["width"], row["height"])


def test_same_material_gives_the_same_pictures(material: Material) -> None:
    rows = material.photo_rows()
    one, two = (next(material.cut_out_scenes(rows, 20))[0].pixels for _ in range(2))
    assert np.array_equal(one, two)


def test_long_photograph_gives_two_crops(material: Material) -> None:
    names = [name for name, _ in material.crops()]
    assert names.count("one") == 2


def test_first_text_being_best_finds_every_noun(material: Material) -> None:
    models = matcher(lambda texts: [1.0] + [0.0] * (len(texts) - 1))
    nouns, _ = meaning.nouns_and_places(models, material)
    assert nouns.value == 1
    assert nouns.met


def test_last_text_being_best_finds_no_noun(material: Material) -> None:
    models = matcher(lambda texts: [0.0] * (len(texts) - 1) + [1.0])
    nouns, _ = meaning.nouns_and_places(models, material)
    assert nouns.value == 0
    assert nouns.met is False


def test_preferring_the_caption_gets_every_color(material: Material) -> None:
    findings = meaning.colors(matcher(lambda _: [1.0, 0.0]), material)
    assert [finding.value for finding in findings] == [1, 1]


def test_presence_of_equal_scores_is_a_coin(material: Material) -> None:
    (found,) = meaning.presence(matcher(lambda texts: [0.5] * len(texts)), material)
    assert found.value == 0.5
    assert found.met is False


def test_map_that_knows_the_damage_reaches_one(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[5:20, 5:20] = 1
    monkeypatch.setattr(quality, "_local", lambda *_: [("blur", 1 - mask, mask, mask)] * 3)
    (found,) = quality.places(None, material)  # type: ignore[arg-type]
    assert found.value == 1


def test_clean_photograph_with_one_bad_place_counts(material: Material) -> None:
    def assess(pixels: torch.Tensor) -> Any:
        quality_map = torch.ones(pixels.shape[2:])
        quality_map[0, 0] = 0.4
        return SimpleNamespace(map=quality_map)

    (found,) = quality.clean(SimpleNamespace(perceive=SimpleNamespace(assess=assess)), material)  # type: ignore[arg-type]
    assert found.value == 1
    assert found.met is False


def test_severity_follows_a_score_that_falls(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "KINDS", {"noise": quality.KINDS["noise"], "blur": quality.KINDS["blur"]})
    scores = {"noise": lambda image: -float(image.diff(dim=-1).abs().mean())}

    def assess(pixels: torch.Tensor) -> Any:
        return SimpleNamespace(score=scores["noise"](pixels))

    models = SimpleNamespace(perceive=SimpleNamespace(assess=assess))
    _, lowest = quality.severity(models, material)  # type: ignore[arg-type]
    assert lowest.value < 0  # this score likes blur
    assert "blur" in lowest.note.split("; ")[1].split(",")[0]


def test_repair_case_is_damaged_inside_only(material: Material) -> None:
    for number in range(6):
        case = repair.make_case(material, number)
        changed = (case.clean != case.damaged).any(1)[0]
        assert case.psnr(case.damaged) < repair.VISIBLE
        assert changed[case.inside].float().mean() > 0.1
        assert case.psnr(case.clean) == pytest.approx(100)


def test_examples_need_a_folder(material: Material) -> None:
    with pytest.raises(Skipped, match="no folder"):
        meaning.generated(None, material)  # type: ignore[arg-type]


def test_manifest_without_photo_cut_outs_is_told(folder: Path) -> None:
    assets = Assets(folder, split="all")
    assets.objects = [row for row in assets.objects if row["style"] != "photo"]
    (found,) = evaluate.measure("nouns", None, Material(assets=assets))  # type: ignore[arg-type]
    assert math.isnan(found.value)
    assert "photo cut-outs" in found.note


@pytest.mark.parametrize("name", ["assets", "photos", "examples"])
def test_wrong_folder_ends_with_code_2(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {"assets": folder, name: tmp_path / "nothing"}
    code = evaluate.main([part for key, value in arguments.items() for part in (f"--{key}", str(value))])
    assert code == 2
    assert "nothing" in capsys.readouterr().err


def test_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        evaluate.parse(["--rows", "beauty"])
    assert stop.value.code == 2
    assert "beauty" in capsys.readouterr().err


@pytest.mark.slow
def test_whole_folder_is_measured_and_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("grefine_mini")
    file = tmp_path / "found.json"
    rows = ["nouns", "presence", "clean"]
    assert evaluate.main(["--assets", str(folder), "--quick", "--rows", *rows, "--json", str(file)]) == 0
    findings = json.loads(file.read_text(encoding="utf-8"))["findings"]
    assert len(findings) == 4
    assert all(0 <= finding["value"] <= 1 for finding in findings)
    assert capsys.readouterr().out.startswith(HEADER)


def test_held_out_material_is_refused_where_nothing_is_held_out(folder: Path) -> None:
    with pytest.raises(InputError, match="got"):
        Assets(folder, split="held-out")
