from __future__ import annotations

import copy
import json

import jsonschema
import pytest
import torch

from balanced_refiner import BalancedRefiner, RefineSettings, plan_repairs, regions_document, regions_schema
from grefine_core import Defect, Emphasis

PROMPT = "a red dog beside a bench"


@pytest.fixture
def given(assessment, with_hole):
    """Return an assessment with a region of each kind."""
    alignment = with_hole(64, 128, (4, 4, 24, 24)) * with_hole(64, 128, (40, 40, 60, 60))
    defects = [
        Defect(phrase="red dog", kind="attribute", start=2, end=9, region=1 - with_hole(64, 128, (4, 4, 24, 24))),
        Defect(phrase="bench", kind="missing", start=19, end=24, region=1 - with_hole(64, 128, (40, 40, 60, 60))),
    ]
    emphases = [Emphasis(text="red dog", start=2, end=9, weight=1.1)]
    quality = with_hole(64, 128, (10, 90, 40, 120))
    return assessment(quality, alignment, defects=defects, emphases=emphases)


@pytest.fixture
def planned(given):
    return regions_document((64, 128), [plan_repairs(given, PROMPT, RefineSettings()).found])


def validate(document):
    jsonschema.Draft202012Validator(regions_schema()).validate(document)


def test_schema_is_itself_valid():
    assert jsonschema.Draft202012Validator.check_schema(regions_schema()) is None


def test_plan_keeps_to_the_schema(planned):
    assert validate(planned) is None
    assert {region["kind"] for region in planned["regions"]} == {"quality", "attribute", "missing"}
    assert all(region["kept"] is None for region in planned["regions"])


def test_written_refinement_keeps_to_the_schema(given, painter):
    result = BalancedRefiner(painter(), lambda *_: given, RefineSettings(rounds=2))(torch.rand(1, 3, 64, 128), PROMPT)
    told = regions_document((64, 128), [done.found for done in result.rounds], result.decisions)
    written = json.loads(json.dumps(told))
    assert written == told
    assert validate(written) is None
    assert [(region["round"], region["index"]) for region in told["regions"]] == [
        (r, i) for r in (1, 2) for i in range(3)
    ]
    assert all(region["kept"] for region in told["regions"])


def test_picture_without_regions_keeps_to_the_schema():
    assert validate(regions_document((1, 1), [])) is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("schema",), "regions"),
        (("height",), 0),
        (("more",), 1),
        (("regions", 0, "box"), [0, 0, 4]),
        (("regions", 0, "box"), [0, 0, 4, 4, 4]),
        (("regions", 0, "area"), 0),
        (("regions", 0, "pq"), 1.5),
        (("regions", 0, "strength"), -0.1),
        (("regions", 0, "kind"), "ugly"),
        (("regions", 0, "prompt"), ""),
        (("regions", 0, "kept"), "yes"),
        (("regions", 0, "round"), 0),
        (("regions", 0, "colour"), "red"),
        (("regions", 0, "emphases"), [{"text": "a"}]),
    ],
)
def test_wrong_document_is_refused(path, value, planned):
    wrong = copy.deepcopy(planned)
    at = wrong
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(wrong)


@pytest.mark.parametrize("key", ["schema", "version", "height", "width", "regions", "regions_skipped"])
def test_document_without_a_key_is_refused(key, planned):
    planned.pop(key)
    with pytest.raises(jsonschema.ValidationError):
        validate(planned)


@pytest.mark.parametrize("kind", ["quality", "missing"])
def test_phrase_stands_where_a_phrase_fails_and_only_there(kind, planned):
    region = next(region for region in planned["regions"] if region["kind"] == kind)
    region["phrase"], region["span"] = ("dog", [0, 3]) if kind == "quality" else (None, None)
    with pytest.raises(jsonschema.ValidationError):
        validate(planned)


def test_region_without_its_strength_is_refused(planned):
    del planned["regions"][0]["strength"]
    with pytest.raises(jsonschema.ValidationError):
        validate(planned)
