from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grefine_core import InputError, WeightsError
from pqmap import FACTORS, FitSettings, TextPairs, fit_pairs
from pqmap.bands import ReferenceScale

QUICK = FitSettings(epochs=4, learning_rate=0.02, batch_size=64, seed=5)


def planted_rows(n: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Return features (n, 16) and labels (n, 4) that each follow one hidden direction."""
    hidden = torch.randn(16, 4, generator=torch.Generator().manual_seed(99))
    features = functional.normalize(torch.randn(n, 16, generator=torch.Generator().manual_seed(seed)), dim=-1)
    return features, torch.sigmoid(features @ hidden * 1.5)


def same_bits(a: TextPairs, b: TextPairs) -> bool:
    return torch.equal(a.embeddings, b.embeddings) and a.temperature == b.temperature and a.metrics == b.metrics


def test_planted_directions_are_learned(pairs: TextPairs, encoder: Any) -> None:
    settings = FitSettings(epochs=50, learning_rate=0.03, batch_size=128)
    fitted, report = fit_pairs(pairs, encoder, *planted_rows(800, seed=1), settings, planted_rows(200, seed=2))
    assert min(report.srcc.values()) > 0.9
    assert tuple(report.srcc) == tuple(report.plcc) == FACTORS
    assert fitted.metrics["srcc_overall"] == report.srcc["overall"]
    assert fitted.temperature != pairs.temperature


def test_encoder_and_start_are_not_changed(pairs: TextPairs, encoder: Any) -> None:
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    start = pairs.embeddings.clone()
    fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.state_dict().items())
    assert all(parameter.grad is None for parameter in encoder.parameters())
    assert torch.equal(pairs.embeddings, start)


def test_a_step_encodes_eight_texts(pairs: TextPairs, encoder: Any) -> None:
    fit_pairs(pairs, encoder, *planted_rows(256, seed=1), QUICK, planted_rows(64, seed=2))
    steps, validations = 4 * 4, 1 + 4 + 1
    assert encoder.texts_encoded == 8 * (steps + validations)


def test_same_seed_gives_the_same_bits(pairs: TextPairs, encoder: Any) -> None:
    first, _ = fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)
    torch.rand(3)  # the global generator must not matter
    second, _ = fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)
    assert same_bits(first, second)


def test_other_seed_gives_another_fit(pairs: TextPairs, encoder: Any) -> None:
    first, _ = fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)
    second, _ = fit_pairs(pairs, encoder, *planted_rows(200, seed=1), dataclasses.replace(QUICK, seed=6))
    assert not same_bits(first, second)


@pytest.mark.parametrize("calls", [1, 6, 11, 16])
def test_interrupted_and_resumed_fit_equals_an_uninterrupted_one(
    calls: int, pairs: TextPairs, encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, settings = planted_rows(200, seed=1), dataclasses.replace(QUICK, checkpoint=tmp_path / "fit.pt")
    whole, whole_report = fit_pairs(pairs, encoder, *rows, QUICK)
    encode, made = encoder.encode_token_embeddings, []

    def encode_until_interrupted(*args: Tensor) -> Tensor:
        made.append(1)
        if len(made) > calls:
            raise KeyboardInterrupt
        result: Tensor = encode(*args)
        return result

    monkeypatch.setattr(encoder, "encode_token_embeddings", encode_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_pairs(pairs, encoder, *rows, settings)
    monkeypatch.undo()
    resumed, report = fit_pairs(pairs, encoder, *rows, settings)
    assert same_bits(whole, resumed)
    assert report == whole_report


def test_resuming_does_not_repeat_finished_epochs(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    rows, settings = planted_rows(200, seed=1), dataclasses.replace(QUICK, checkpoint=tmp_path / "fit.pt")
    fit_pairs(pairs, encoder, *rows, settings)
    encoder.texts_encoded = 0
    fit_pairs(pairs, encoder, *rows, settings)
    assert encoder.texts_encoded == 8  # the final measurement only


def test_more_epochs_continue_a_finished_fit(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    rows, longer = planted_rows(200, seed=1), dataclasses.replace(QUICK, epochs=6)
    fit_pairs(pairs, encoder, *rows, dataclasses.replace(QUICK, checkpoint=tmp_path / "fit.pt"))
    continued, _ = fit_pairs(pairs, encoder, *rows, dataclasses.replace(longer, checkpoint=tmp_path / "fit.pt"))
    assert same_bits(continued, fit_pairs(pairs, encoder, *rows, longer)[0])


def test_checkpoint_of_another_fit_is_refused(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, checkpoint=tmp_path / "fit.pt")
    fit_pairs(pairs, encoder, *planted_rows(200, seed=1), settings)
    with pytest.raises(InputError, match=r"fit\.pt belongs to a fit of other data, start or settings"):
        fit_pairs(pairs, encoder, *planted_rows(200, seed=2), settings)


def test_unreadable_checkpoint_is_named(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    path = tmp_path / "fit.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match=r"fit\.pt cannot be read; delete it"):
        fit_pairs(pairs, encoder, *planted_rows(200, seed=1), dataclasses.replace(QUICK, checkpoint=path))


def test_fit_stops_early_and_keeps_the_best_epoch(pairs: TextPairs, encoder: Any) -> None:
    features, labels = planted_rows(200, seed=1)
    noise = torch.rand(200, 4, generator=torch.Generator().manual_seed(4))  # nothing to learn: soon no better
    settings = dataclasses.replace(QUICK, epochs=50, patience=3)
    _, report = fit_pairs(pairs, encoder, features, noise, settings, (features, labels))
    assert report.stopped_early
    assert len(report.curve) == report.best_epoch + 3 + 1
    assert max(point.srcc for point in report.curve) == report.curve[report.best_epoch].srcc
    assert sum(report.srcc.values()) / 4 == pytest.approx(report.curve[report.best_epoch].srcc, abs=1e-9)


def test_start_is_kept_where_no_epoch_is_better(pairs: TextPairs, encoder: Any) -> None:
    good, _ = fit_pairs(pairs, encoder, *planted_rows(800, seed=1), FitSettings(epochs=15, learning_rate=0.03))
    features, labels = planted_rows(200, seed=2)
    kept, report = fit_pairs(good, encoder, features, 1 - labels, QUICK, (features, labels))
    assert report.best_epoch == 0
    assert torch.equal(kept.embeddings, good.embeddings)


def test_temperature_stays_where_it_is_not_trained(pairs: TextPairs, encoder: Any) -> None:
    fixed = dataclasses.replace(QUICK, train_temperature=False)
    assert fit_pairs(pairs, encoder, *planted_rows(200, seed=1), fixed)[0].temperature == pairs.temperature


def test_pairs_of_another_encoder_are_refused(pairs: TextPairs, make_encoder: Any) -> None:
    with pytest.raises(WeightsError, match="fit the encoder `tiny-1`, not `tiny-2`"):
        fit_pairs(pairs, make_encoder("tiny-2"), *planted_rows(200, seed=1), QUICK)


def test_encoder_without_gradients_is_refused(pairs: TextPairs, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "encode_token_embeddings", torch.no_grad()(encoder.encode_token_embeddings))
    with pytest.raises(InputError, match="lets no gradient through"):
        fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)


def broken(features: Tensor, labels: Tensor, case: str) -> tuple[Tensor, Tensor]:
    features, labels = features.clone(), labels.clone()
    if case == "nan feature":
        features[17, 3] = float("nan")
    elif case == "infinite label":
        labels[5, 0] = float("inf")
    elif case == "label above 1":
        labels[9, 2] = 1.5
    elif case == "three factors":
        labels = labels[:, :3]
    elif case == "lengths":
        labels = labels[:-1]
    elif case == "bytes":
        labels = (labels * 255).to(torch.uint8)
    elif case == "dimensions":
        features = features[:, :15]
    elif case == "few rows":
        features, labels = features[:8], labels[:8]
    elif case == "constant":
        labels[:, 3] = 0.5
    return features, labels


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("nan feature", "Row 17 of `features` has a value that is not finite"),
        ("infinite label", "Row 5 of `labels` has a value that is not finite"),
        ("label above 1", "Row 9 of `labels` is outside"),
        ("three factors", r"`labels` must have shape \(n, 4\), got \(200, 3\)"),
        ("lengths", "200 `features` but 199 `labels`"),
        ("bytes", r"`labels` must be floating, got torch\.uint8"),
        ("dimensions", r"`text` must have shape \(K, 2, 15\), got \(4, 2, 16\)"),
        ("few rows", "8 rows are too few"),
        ("constant", "All `validation labels` of naturalness are equal"),
    ],
)
def test_bad_rows_are_refused_by_name(case: str, message: str, pairs: TextPairs, encoder: Any) -> None:
    with pytest.raises(InputError, match=message):
        fit_pairs(pairs, encoder, *broken(*planted_rows(200, seed=1), case), QUICK)


def test_features_made_in_inference_mode_can_be_fitted_on(pairs: TextPairs, encoder: Any) -> None:
    with torch.inference_mode():
        rows = planted_rows(200, seed=1)
    fitted, _ = fit_pairs(pairs, encoder, *rows, QUICK)
    assert same_bits(fitted, fit_pairs(pairs, encoder, *planted_rows(200, seed=1), QUICK)[0])


def test_rows_are_shuffled_anew_in_each_epoch(pairs: TextPairs, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    orders, shuffle = [], torch.randperm

    def recorded(n: int, **options: Any) -> Tensor:
        orders.append(shuffle(n, **options))
        return orders[-1]

    monkeypatch.setattr(torch, "randperm", recorded)
    fit_pairs(pairs, encoder, *planted_rows(100, seed=1), QUICK, planted_rows(20, seed=2))
    assert len({tuple(order.tolist()) for order in orders}) == QUICK.epochs


def test_one_of_several_pairs_can_be_fitted(pairs: TextPairs, encoder: Any) -> None:
    features, labels = planted_rows(200, seed=1)
    fitted, report = fit_pairs(pairs.select(("technical",)), encoder, features, labels[:, 1:2], QUICK)
    assert fitted.names == tuple(report.srcc) == tuple(report.curve[1].by_name) == ("technical",)
    assert report.srcc["technical"] > report.curve[0].by_name["technical"]
    with pytest.raises(InputError, match=r"`labels` must have shape \(n, 1\), got \(200, 4\)"):
        fit_pairs(pairs.select(("technical",)), encoder, features, labels, QUICK)


def test_each_point_of_the_curve_is_reported_once(pairs: TextPairs, encoder: Any, tmp_path: Path) -> None:
    points: list[Any] = []
    settings = dataclasses.replace(QUICK, checkpoint=tmp_path / "fit.pt", on_epoch=points.append)
    _, report = fit_pairs(pairs, encoder, *planted_rows(200, seed=1), settings)
    assert tuple(points) == report.curve
    points.clear()
    fit_pairs(pairs, encoder, *planted_rows(200, seed=1), settings)
    assert tuple(points) == report.curve


def test_fitted_pairs_have_no_reference(pairs: TextPairs, encoder: Any) -> None:
    scale = ReferenceScale(data="12 pictures", count=12, quantiles=tuple(i / 100 for i in range(101)))
    start = dataclasses.replace(pairs, reference=scale)
    assert fit_pairs(start, encoder, *planted_rows(200, seed=1), QUICK)[0].reference is None
