"""Our numbers beside those of the authors' and CLIP Surgery's own code; `pytest -s` prints each difference.

The vectors, how they were made and how close a rerun of that code comes: data/oracle/README.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from grefine_core import SurgerySettings, load_encoder, remove_redundancy, stretched_maps, tower_tokens
from grefine_core.similarity import cosine_similarity
from pqmap import TextPairs
from pqmap.import_pairs import read_official
from pqmap.official import OfficialAssessor

pytest.importorskip("open_clip", reason="CLIP towers need `pip install grefine-core[clip]`")

FOLDER = Path(__file__).parent / "data" / "oracle"
TOKENS, FEATURES = 1e-4, 1e-5
"""Absolute tolerances of the README: tokens, PQ features and maps; text features, similarities and scores."""
SIZES = (64, 96, 128)
TOWERS = ("vit", "rn")
ROWS = {"vit": 16, "rn": 32}
"""Pixels per cell."""
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))


def assert_equal(case: str, found: Tensor, expected: Tensor, *, atol: float) -> None:
    assert found.shape == expected.shape, case
    worst = (found - expected).abs().max().item()
    print(f"{case:<36} max |difference| {worst:.1e}  (tolerance {atol:.0e})")
    assert worst <= atol, case


@cache
def vectors(name: str) -> Mapping[str, Tensor]:
    return load_file(FOLDER / f"{name}.safetensors")


@cache
def tower(kind: str) -> Any:
    """Return the encoder of the tiny weights; its ResNet pools as the reference does."""
    encoder: Any = load_encoder(str(FOLDER / f"tiny-{kind}.safetensors"), device="cpu")
    return encoder.replace(surgery=SurgerySettings(reference=True))


@cache
def tokens(kind: str, size: int) -> Tensor:
    pixels = torch.cat([vectors("inputs")[f"img{i}.px{size}"] for i in range(4)])
    with torch.no_grad():
        return tower(kind).image_tokens(pixels)[0]


@cache
def assessor(kind: str) -> OfficialAssessor:
    embeddings, eot = read_official([FOLDER / "pq-prompts.safetensors"])
    encoder = tower(kind)
    return OfficialAssessor(encoder, TextPairs(embeddings=embeddings, eot=eot, encoder=encoder.name, temperature=1.0))


def test_vectors_are_those_that_the_manifest_names() -> None:
    for name, entry in MANIFEST["files"].items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == entry["sha256"], name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", TOWERS)
def test_surgery_tokens_equal_those_of_clip_surgery(kind: str, size: int) -> None:
    assert_equal(
        f"{kind} {size} px tokens", tokens(kind, size), vectors(f"{kind}-expected")[f"s{size}.tokens"], atol=TOKENS
    )


def test_vit_without_surgery_gives_the_plain_tokens() -> None:
    pixels = torch.cat([vectors("inputs")[f"img{i}.px64"] for i in range(4)])
    with torch.no_grad():
        found, _ = tower_tokens(tower("vit").model.visual, pixels, SurgerySettings(blocks=0))
    assert_equal("vit 64 px plain tokens", found, vectors("vit-expected")["s64.plain_tokens"], atol=TOKENS)


def test_one_tower_used_at_several_sizes_keeps_its_numbers() -> None:
    before = tower("vit").image_tokens(vectors("inputs")["img0.px64"])[0]
    tower("vit").image_tokens(vectors("inputs")["img0.px128"])
    assert torch.equal(tower("vit").image_tokens(vectors("inputs")["img0.px64"])[0], before)


@pytest.mark.parametrize("kind", TOWERS)
def test_text_features_equal_those_of_clip(kind: str) -> None:
    encoder, expected = tower(kind), vectors(f"{kind}-expected")
    for name, texts in {"text.features": MANIFEST["prompts"], "text.features_empty": [""]}.items():
        eot = torch.tensor(encoder.token_counts(texts)) - 1
        with torch.no_grad():
            found = encoder.text_features(encoder.embed_tokens(texts), eot)
        assert_equal(f"{kind} {name}", found, expected[name], atol=FEATURES)
        cosine = functional.cosine_similarity(encoder.encode_text(texts), expected[name])
        assert cosine.min() > 1 - FEATURES


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", TOWERS)
def test_similarities_equal_those_of_clip_surgery(kind: str, size: int) -> None:
    expected = vectors(f"{kind}-expected")
    image = functional.normalize(tokens(kind, size), dim=-1)
    text = functional.normalize(expected["text.features"], dim=-1)
    empty = functional.normalize(expected["text.features_empty"], dim=-1)
    found = {
        "cosine": cosine_similarity(image, text),
        "surgery": remove_redundancy(image, text),
        "surgery_redundant": remove_redundancy(image, text, redundant=empty),
        "surgery_ensemble": remove_redundancy(image, expected["text.ensemble"]),
    }
    for name, values in found.items():
        assert_equal(f"{kind} {size} px {name}", values, expected[f"s{size}.{name}"], atol=FEATURES)
    side = size // ROWS[kind]
    for index, shape in enumerate(MANIFEST["image_height_width"]):
        grids = found["surgery"][index, 1:].T.unflatten(1, (side, side))  # (6, side, side)
        maps = stretched_maps(grids, tuple(shape)).permute(1, 2, 0)[None]
        assert_equal(f"{kind} {size} px map of {shape}", maps, expected[f"s{size}.img{index}.map_surgery"], atol=TOKENS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", TOWERS)
def test_official_preset_equals_the_authors_script(kind: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, official = vectors(f"pq-{kind}-expected"), assessor(kind)
    monkeypatch.setattr(type(official.encoder), "input_size", size)
    for index in range(4):
        picture = Image.fromarray(vectors("inputs")[f"img{index}.u8"].numpy())
        result = official.assess(picture)
        case, key = f"{kind} {size} px picture {index}", f"s{size}.img{index}"
        assert_equal(f"{case} maps", result.swapped_maps, expected[f"{key}.maps"], atol=TOKENS)
        assert_equal(f"{case} single scores", result.raw, expected[f"{key}.scores"], atol=FEATURES)
        for bounds, score in zip(MANIFEST["pq_bounds"], expected[f"{key}.multi_scores"], strict=True):
            other = OfficialAssessor(official.encoder, official.pairs, bound=bounds[0])
            found = torch.tensor(other.assess(picture).score)
            assert_equal(f"{case} multi, bound {bounds[0]}", found, score, atol=FEATURES)
        assert result.map.shape == (picture.height, picture.width)


@pytest.mark.parametrize("kind", TOWERS)
def test_texts_of_the_pairs_equal_those_of_the_authors_script(kind: str) -> None:
    expected, pairs = vectors(f"pq-{kind}-expected"), assessor(kind).pairs
    with torch.no_grad():
        features = tower(kind).text_features(pairs.embeddings.flatten(0, 1), pairs.eot.flatten()).unflatten(0, (4, 2))
    for index, name in enumerate(MANIFEST["pq_names"]):
        assert_equal(f"{kind} {name} embeddings", pairs.embeddings[index], expected[f"text_embed.{name}"], atol=0)
        assert_equal(f"{kind} {name} text", features[index], expected[f"text_features.{name}"], atol=FEATURES)
