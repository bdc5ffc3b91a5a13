from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import jsonschema
import pytest

from balanced_refiner import regions_schema
from grefine import Settings
from grefine.certificate import certify
from grefine.packs import Pack
from grefine.report import (
    SCHEMA,
    Saved,
    Source,
    build_receipt,
    build_regions,
    build_report,
    passed_over_all,
    stage1_damage,
)
from grefine_core import read_image

PACKS = (Pack(group="grefine.encoders", preset="mini", files={"heads.safetensors": "ab" * 32}),)


@pytest.fixture
def source(damaged_pixels, save_picture) -> Source:
    path = save_picture(damaged_pixels)
    return Source(path=path, content=path.read_bytes(), picture=read_image(path))


@pytest.fixture
def outcome(models, source):
    return models.load(Settings(seed=4)).refine(source.picture, "a red bicycle")


@pytest.fixture
def saved(outcome, source) -> Saved:
    mask = (outcome.refinement.mask.feathered > 0).numpy()
    return Saved(names=("refined.png",), certificate=certify(source.path, source.path, mask))


def test_report_holds_everything_that_led_to_the_result(outcome, source, saved) -> None:
    report = json.loads(json.dumps(build_report(outcome, source, PACKS, saved), allow_nan=False))
    assert report["schema"] == SCHEMA
    assert report["image"]["sha256"] == hashlib.sha256(source.path.read_bytes()).hexdigest()
    assert (report["image"]["height"], report["image"]["width"]) == (48, 64)
    assert report["prompt"] == "a red bicycle"
    assert report["before"]["p"] < report["after"]["p"]
    assert list(report["before"]["factors"]) == ["overall", "technical", "rationality", "naturalness"]
    assert report["before"]["phrases"][0]["verdict"] == "missing"
    assert report["before"]["defects"] == [{"phrase": "bicycle", "kind": "missing", "start": 6, "end": 13}]
    assert report["before"]["emphasised"] == "a red (bicycle:1.1)"
    assert report["seed"] == 4
    assert len(report["seeds"]) == len(outcome.refinement.found.regions)
    assert set(report["strengths"]) == set(report["steps"]) == {"stage1", "stage2"}
    assert report["settings"] == Settings(seed=4).to_json()
    assert report["models"]["encoder"] == "fake-encoder"
    assert report["models"]["packs"][0]["files"] == {"heads.safetensors": "ab" * 32}
    assert report["versions"]["torch"]
    assert report["timings"]["total"] > 0
    assert report["files"] == ["refined.png"]
    assert report["certificate"] == saved.certificate.to_json()


def test_every_guard_decision_is_reported_with_its_reason(outcome, source, saved) -> None:
    decisions = build_report(outcome, source, PACKS, saved)["guard"]["decisions"]
    assert [d["stage"] for d in decisions] == ["stage1", "stage2"]
    assert all(d["reason"].startswith("p + a is") for d in decisions)


def test_stage_1_leaves_all_outside_the_mask_alone(outcome) -> None:
    assert stage1_damage(outcome) == 0
    assert (outcome.refinement.mask.feathered == 0).any()


def test_one_changed_pixel_outside_the_mask_is_damage(outcome) -> None:
    pixels = outcome.refinement.stage1_pixels.clone()
    row, column = (outcome.refinement.mask.feathered == 0).nonzero()[0].tolist()
    pixels[0, 0, row, column] -= 1 / 255
    spoilt = replace(outcome, refinement=replace(outcome.refinement, stage1_pixels=pixels))
    assert stage1_damage(spoilt) == pytest.approx(1 / 255)


def test_mild_pass_counts_only_where_it_was_kept(outcome) -> None:
    def decided(kept: bool):
        decisions = tuple(replace(d, kept=kept) for d in outcome.refinement.decisions)
        return replace(outcome, refinement=replace(outcome.refinement, decisions=decisions))

    assert passed_over_all(decided(True))
    assert not passed_over_all(decided(False))


def test_receipt_is_short_and_tells_settings_apart(outcome) -> None:
    receipt = json.loads(build_receipt(outcome))
    assert (receipt["prompt"], receipt["seed"]) == ("a red bicycle", 4)
    assert receipt["before"]["p"] == round(outcome.before.p, 4)
    assert receipt["after"]["a"] == round(outcome.after.a, 4)
    assert len(build_receipt(outcome)) < 400
    other = replace(outcome, settings=Settings(seed=4, steps=6))
    assert json.loads(build_receipt(other))["settings_sha256"] != receipt["settings_sha256"]


def test_regions_say_where_why_and_what_became_of_them(outcome) -> None:
    listed = json.loads(json.dumps(build_regions(outcome)))
    region = listed["regions"][0]
    top, left, bottom, right = region["box"]
    assert top <= 8
    assert left <= 16
    assert bottom >= 24
    assert right >= 40
    assert region["kind"] == "quality"
    assert region["kept"] is True
    assert {"area", "pq", "aq", "phrase", "span", "strength", "prompt", "reason"} <= set(region)


def test_regions_keep_to_the_published_schema(outcome) -> None:
    listed = json.loads(json.dumps(build_regions(outcome)))
    assert jsonschema.Draft202012Validator(regions_schema()).validate(listed) is None
    assert (listed["schema"], listed["version"]) == ("balanced-refiner/regions", 1)


def test_report_lists_the_rounds(models, source, saved) -> None:
    models.red = 0.85  # healed, but not quite, and too far off for a mere colour cast
    outcome = models.load(Settings(rounds=3, threshold=0.05)).refine(source.picture, "a cat")
    report = build_report(outcome, source, PACKS, saved)
    assert [done["number"] for done in report["rounds"]] == list(range(1, len(outcome.refinement.rounds) + 1))
    assert len(report["rounds"]) > 1
    assert report["stopped"] == outcome.refinement.stopped
    assert {region["round"] for region in build_regions(outcome)["regions"]} == {r["number"] for r in report["rounds"]}


def test_kept_name_has_the_input_s_ending(source) -> None:
    assert replace(source, path=source.path.with_suffix(".JPG")).kept_name == "refined.JPG"
    assert replace(source, path=source.path.with_suffix("")).kept_name == "refined.png"
