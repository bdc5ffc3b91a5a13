from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import safe_open, save_file

from grefine_core import InputError, WeightsError, WeightsFile
from pqmap import ALPHA, FACTORS, TextPairs, pairs_from_words
from pqmap.bands import ReferenceScale

WORDS = (("fine", "poor"), ("sharp", "blurred and noisy"), ("plausible", "broken"), ("natural", "artificial"))


OWN = {"sharpness": ("sharp", "blurred and noisy"), "colour": ("vivid", "dull")}
SCALE = ReferenceScale(data="12 pictures", count=12, quantiles=tuple(i / 100 for i in range(101)))


@pytest.fixture
def own(encoder: Any) -> TextPairs:
    return pairs_from_words(encoder, OWN)


@pytest.fixture
def saved(pairs: TextPairs, tmp_path: Path) -> Path:
    return pairs.save(tmp_path / "pairs.safetensors")


def test_file_gives_back_every_field(encoder: Any, pairs: TextPairs, tmp_path: Path) -> None:
    full = dataclasses.replace(
        pairs,
        temperature=7.25,
        alpha=(0.9, 0.5, 0.25),
        data="12 pictures",
        metrics={"srcc_overall": 0.75},
        reference=SCALE,
    )
    found = TextPairs.load(full.save(tmp_path / "pairs.safetensors"), encoder=encoder)
    assert torch.equal(found.embeddings, full.embeddings)
    assert torch.equal(found.eot, full.eot)
    for name in ("encoder", "temperature", "alpha", "data", "metrics", "names", "reference"):
        assert getattr(found, name) == getattr(full, name)


def test_same_pairs_give_the_same_bytes(pairs: TextPairs, saved: Path, tmp_path: Path) -> None:
    assert pairs.save(tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_header_is_readable_json(saved: Path) -> None:
    with safe_open(saved, framework="pt") as reader:
        header = json.loads(reader.metadata()["pqmap"])
    assert header["version"] == 1
    assert header["encoder"] == "tiny-1"
    assert header["alpha"] == pytest.approx(ALPHA)


def test_file_for_another_encoder_is_refused(saved: Path, make_encoder: Any) -> None:
    with pytest.raises(WeightsError, match=r"pairs\.safetensors fit the encoder `tiny-1`, not `tiny-2`"):
        TextPairs.load(saved, encoder=make_encoder("tiny-2"))


def test_file_with_the_right_digest_is_read(saved: Path, encoder: Any, pairs: TextPairs) -> None:
    file = WeightsFile(saved, hashlib.sha256(saved.read_bytes()).hexdigest())
    assert torch.equal(TextPairs.load(file, encoder=encoder).embeddings, pairs.embeddings)


def test_wrong_digest_names_file_expected_and_found(saved: Path, encoder: Any) -> None:
    found, expected = hashlib.sha256(saved.read_bytes()).hexdigest(), "0" * 64
    with pytest.raises(WeightsError) as caught:
        TextPairs.load(WeightsFile(saved, expected), encoder=encoder)
    assert all(part in str(caught.value) for part in (str(saved), expected, found))


def test_missing_file_is_named(tmp_path: Path, encoder: Any) -> None:
    with pytest.raises(WeightsError, match=r"none\.safetensors is missing"):
        TextPairs.load(tmp_path / "none.safetensors", encoder=encoder)


@pytest.mark.parametrize("content", [b"", b"garbage that is no safetensors file at all"])
def test_unreadable_file_is_named(content: bytes, tmp_path: Path, encoder: Any) -> None:
    path = tmp_path / "pairs.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"pairs\.safetensors cannot be read"):
        TextPairs.load(path, encoder=encoder)


def header(**changes: Any) -> dict[str, str]:
    fields = {"version": 1, "encoder": "tiny-1", "temperature": 1.0, "alpha": [1, 1, 1], "data": "", "metrics": {}}
    return {"pqmap": json.dumps({key: value for key, value in (fields | changes).items() if value is not None})}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "no text pairs file: it has no 'pqmap'"),
        ({"pqmap": "{}"}, "it has no 'version'"),
        (header(version=2), "has format 2; this version of pqmap reads 1"),
        (header(alpha=[1, 1]), r"does not hold valid text pairs: `alpha` must be three numbers"),
        (header(temperature=0), "`temperature` must be a number above 0"),
        (header(names=["a", "b"]), r"`embeddings` must have shape \(2, 2, L, W\), got \(4, 2,"),
        (header(reference={"data": ""}), "does not hold valid text pairs: .*reference scale"),
        (header(encoder=None), "does not hold valid text pairs: 'encoder'"),
        ({"pqmap": "not json"}, "cannot be read"),
        ({"pqmap": "[1]"}, "cannot be read"),
    ],
)
def test_foreign_header_is_refused(
    metadata: dict[str, str] | None, message: str, pairs: TextPairs, encoder: Any, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.safetensors"
    save_file({"embeddings": pairs.embeddings, "eot": pairs.eot}, path, metadata=metadata)
    with pytest.raises(WeightsError, match=message):
        TextPairs.load(path, encoder=encoder)


def test_file_without_embeddings_is_refused(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    save_file({"eot": pairs.eot}, tmp_path / "pairs.safetensors", metadata=header())
    with pytest.raises(WeightsError, match="does not hold valid text pairs: 'embeddings'"):
        TextPairs.load(tmp_path / "pairs.safetensors", encoder=encoder)


def test_nothing_is_left_where_the_folder_is_missing(pairs: TextPairs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        pairs.save(tmp_path / "none" / "pairs.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embeddings": torch.zeros(3, 2, 5, 6)}, r"`embeddings` must have shape \(4, 2, L, W\), got \(3, 2, 5, 6\)"),
        ({"embeddings": torch.zeros(4, 2, 0, 6)}, "`embeddings` must have shape"),
        ({"embeddings": torch.zeros(4, 2, 5, 6, dtype=torch.float16)}, "finite float32, got torch.float16"),
        ({"embeddings": torch.full((4, 2, 5, 6), float("nan"))}, "finite float32"),
        ({"eot": torch.zeros(4, 3, dtype=torch.int64)}, r"`eot` must be int64 of shape \(4, 2\)"),
        ({"eot": torch.zeros(4, 2)}, "`eot` must be int64"),
        ({"eot": torch.full((4, 2), 5)}, r"`eot` must lie in \[0, 5\)"),
        ({"eot": torch.full((4, 2), -1)}, r"`eot` must lie in \[0, 5\)"),
        ({"temperature": 0.0}, "`temperature` must be a number above 0, got 0.0"),
        ({"temperature": float("inf")}, "`temperature` must be a number above 0"),
        ({"names": ()}, "`names` must be names that all differ"),
        ({"names": ("a", "b", "c", "a")}, "`names` must be names that all differ"),
        ({"names": ("a", "b", "c", "")}, "`names` must be names that all differ"),
        ({"names": ("a", "b")}, r"`embeddings` must have shape \(2, 2, L, W\), got \(4, 2, 5, 6\)"),
        ({"alpha": (0.5, 0.5)}, "`alpha` must be three numbers"),
        ({"alpha": (0.5, 1.5, 0.5)}, "`alpha` must be three numbers"),
    ],
)
def test_invalid_pairs_are_refused(changes: dict[str, Any], message: str) -> None:
    valid: dict[str, Any] = {
        "embeddings": torch.zeros(4, 2, 5, 6),
        "eot": torch.full((4, 2), 4),
        "encoder": "tiny-1",
        "temperature": 1.0,
    }
    TextPairs(**valid)
    with pytest.raises(InputError, match=message):
        TextPairs(**(valid | changes))


def test_words_encode_as_the_encoder_encodes_them(encoder: Any) -> None:
    features = pairs_from_words(encoder, WORDS).text_features(encoder)
    expected = encoder.encode_text([text for pair in WORDS for text in pair])
    assert torch.allclose(features.flatten(0, 1), expected, atol=1e-6)


def test_positions_after_the_longest_text_are_cut_off(encoder: Any) -> None:
    pairs = pairs_from_words(encoder, WORDS)
    assert pairs.embeddings.shape == (4, 2, 5, encoder.width)  # start, "blurred and noisy", end
    assert pairs.eot.tolist() == [[2, 2], [2, 4], [2, 2], [2, 2]]


def test_temperature_of_words_is_the_alignment_scale_unless_given(encoder: Any) -> None:
    assert pairs_from_words(encoder, WORDS).temperature == encoder.alignment_scale
    assert pairs_from_words(encoder, WORDS, temperature=3.5).temperature == 3.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (WORDS[:3], "`words` must be four"),
        ((*WORDS[:3], ("a", "b", "c")), "`words` must be four"),
        ({}, r"`words` must be \(positive, negative\) pairs"),
        ({"sharpness": ("sharp",)}, r"`words` must be \(positive, negative\) pairs"),
        (
            (*WORDS[:3], ("natural", "one two three four five six seven")),
            "The text `one two .* seven` has 9 tokens; the encoder reads 8",
        ),
    ],
)
def test_bad_words_are_refused(words: Any, message: str, encoder: Any) -> None:
    with pytest.raises(InputError, match=message):
        pairs_from_words(encoder, words)


def test_file_without_names_holds_the_four_factors(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    save_file({"embeddings": pairs.embeddings, "eot": pairs.eot}, tmp_path / "old.safetensors", metadata=header())
    found = TextPairs.load(tmp_path / "old.safetensors", encoder=encoder)
    assert found.names == FACTORS
    assert found.reference is None


def test_file_can_be_read_without_its_encoder(own: TextPairs, tmp_path: Path) -> None:
    found = TextPairs.read(own.save(tmp_path / "own.safetensors"))
    assert (found.names, found.encoder) == (("sharpness", "colour"), "tiny-1")


def test_words_by_name_give_pairs_of_these_names(own: TextPairs, encoder: Any) -> None:
    expected = encoder.encode_text([text for pair in OWN.values() for text in pair])
    assert own.names == ("sharpness", "colour")
    assert torch.allclose(own.text_features(encoder).flatten(0, 1), expected, atol=1e-6)


def test_selected_pairs_keep_their_texts(pairs: TextPairs) -> None:
    chosen = pairs.select(("naturalness", "technical"))
    assert chosen.names == ("naturalness", "technical")
    assert torch.equal(chosen.embeddings, pairs.embeddings[[3, 1]])
    assert torch.equal(chosen.eot, pairs.eot[[3, 1]])


def test_reference_stays_only_where_all_pairs_do(pairs: TextPairs) -> None:
    scaled = dataclasses.replace(pairs, reference=SCALE)
    assert scaled.select(FACTORS).reference is SCALE
    assert scaled.select(FACTORS[:2]).reference is None
    assert scaled.replace_pairs(pairs.select(("overall",))).reference is None


@pytest.mark.parametrize("names", [("sharpness",), ()])
def test_selection_of_nothing_that_is_there_is_refused(names: tuple[str, ...], pairs: TextPairs) -> None:
    with pytest.raises(InputError, match=r"no pair `sharpness`; there are overall, technical|`names` must be names"):
        pairs.select(names)


def test_replaced_pairs_change_and_the_others_do_not(pairs: TextPairs, encoder: Any) -> None:
    long = ("natural colours and soft light", "an artificial look")
    other = dataclasses.replace(pairs_from_words(encoder, {"technical": long}), metrics={"srcc_technical": 0.5})
    start = dataclasses.replace(pairs, metrics={"srcc_technical": 0.1, "srcc_overall": 0.2})
    changed = start.replace_pairs(other)
    before, after = pairs.text_features(encoder), changed.text_features(encoder)
    assert torch.allclose(after[[0, 2, 3]], before[[0, 2, 3]], atol=1e-6)
    assert torch.allclose(after[1], other.text_features(encoder)[0], atol=1e-6)
    assert changed.metrics == {"srcc_technical": 0.5, "srcc_overall": 0.2}
    assert torch.equal(start.embeddings, pairs.embeddings)


def test_longer_pairs_take_in_shorter_ones(pairs: TextPairs, encoder: Any) -> None:
    short = pairs_from_words(encoder, {"technical": ("sharp", "blurred")})
    changed = pairs.replace_pairs(short)
    assert changed.embeddings.shape == pairs.embeddings.shape
    assert torch.allclose(changed.text_features(encoder)[1], short.text_features(encoder)[0], atol=1e-6)


def test_pairs_that_do_not_fit_in_are_refused(pairs: TextPairs, own: TextPairs) -> None:
    with pytest.raises(InputError, match="no pair `sharpness`"):
        pairs.replace_pairs(own)
    with pytest.raises(InputError, match=r"temperature 3\.0 and width 12 do not go into pairs of temperature 10\.0"):
        pairs.replace_pairs(dataclasses.replace(pairs, temperature=3.0))
    with pytest.raises(WeightsError, match="fit the encoder `other`, those to change `tiny-1`"):
        pairs.replace_pairs(dataclasses.replace(pairs, encoder="other"))
