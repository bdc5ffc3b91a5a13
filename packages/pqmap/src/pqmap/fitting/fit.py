"""Learn the text pairs from labelled features (sections 3.1 and 4.2 of the paper).

The encoder is frozen and its image features are given, so a step encodes the pairs' texts and
multiplies a batch of features with them. Only the token embeddings T_p are learned, and the
temperature if wanted. Same input, settings and seed give the same bits, also after an interruption.
"""

from __future__ import annotations

import logging
import math
from copy import deepcopy
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from torch import Tensor

from grefine_core import Encoder, InputError
from pqmap.fitting.checkpoint import EpochResult, FitState, fingerprint, read_checkpoint, write_checkpoint
from pqmap.fitting.data import Rows, check_rows, check_validation, correlations, split_rows
from pqmap.fitting.settings import FitSettings
from pqmap.pairs import TextPairs, encode_pairs
from pqmap.perception import raw_scores

_PAPER = FitSettings()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What a fit did; the curve starts with the pairs as they were given."""

    srcc: dict[str, float]
    """By name, on the validation rows, of the pairs that were kept."""
    plcc: dict[str, float]
    """By name, raw (no logistic fit)."""
    best_epoch: int
    """0 means that no epoch was better than the start."""
    stopped_early: bool
    curve: tuple[EpochResult, ...]

    @property
    def metrics(self) -> dict[str, float]:
        """All of `srcc` and `plcc` under names such as `srcc_overall`."""
        return {f"{kind}_{name}": value for kind in ("srcc", "plcc") for name, value in getattr(self, kind).items()}


def fit_pairs(
    start: TextPairs,
    encoder: Encoder,
    features: Tensor,
    labels: Tensor,
    settings: FitSettings = _PAPER,
    validation: tuple[Tensor, Tensor] | None = None,
) -> tuple[TextPairs, FitReport]:
    """Learn the token embeddings of `start` so that raw scores follow the labels.

    Adam on the mean squared error of L_raw; the epoch with the best mean SRCC on the validation
    rows is kept.

    Args:
        start: Where to begin, K pairs fitted for this encoder; not changed. `select` leaves some out,
            and `replace_pairs` puts them back among the others.
        encoder: Not changed; `encode_token_embeddings` must let gradients through.
        features: Shape (n, D), L2-normalised; rows of whole images or of patches alike.
        labels: Shape (n, K), in [0, 1], 1 is good, in the order of the names of `start`.
        settings: Step size, length, seed, checkpoint.
        validation: Features and labels to validate on, of other images. None holds out rows by
            chance, which flatters the result where several rows show one image.

    Raises:
        InputError: If shapes, lengths or values break the above, or the checkpoint belongs to
            another fit.
        WeightsError: If `start` is for another encoder, or the checkpoint cannot be read.
    """
    start.check_encoder(encoder)
    rows = Rows(features, labels)
    check_rows(rows, start.names)
    if validation is None:
        rows, held_out = split_rows(rows, share=settings.validation_share, seed=settings.seed)
    else:
        held_out = Rows(*validation)
    check_validation(held_out, start.names)
    key = fingerprint(start, settings, (*rows, *held_out))
    fit = _Fit(start, encoder, settings)
    state = read_checkpoint(settings.checkpoint, key=key) or fit.begin(held_out)
    fit.restore(state)
    report = settings.on_epoch or (lambda _: None)
    for point in state.curve:
        report(point)
    while len(state.curve) <= settings.epochs and state.waited < settings.patience:
        state = fit.conclude(state, fit.run_epoch(rows, epoch=len(state.curve)), held_out)
        write_checkpoint(settings.checkpoint, state, key=key)
        report(state.curve[-1])
    return fit.result(state, held_out)


class _Fit:
    """The learned tensors and their optimiser, on the encoder's device."""

    def __init__(self, start: TextPairs, encoder: Encoder, settings: FitSettings) -> None:
        self._start, self._encoder, self._settings = start, encoder, settings
        self._device = encoder.device
        self._eot = start.eot.to(self._device)
        self._embeddings = start.embeddings.to(self._device).clone().requires_grad_()
        # the logarithm keeps it positive and makes a step a change by a factor
        self._log_scale = torch.tensor(math.log(start.temperature), device=self._device)
        self._learned = [self._embeddings]
        groups = [{"params": [self._embeddings], "weight_decay": settings.weight_decay}]
        if settings.train_temperature:
            self._learned.append(self._log_scale.requires_grad_())
            groups.append({"params": [self._log_scale], "weight_decay": 0.0})
        self._optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate)  # Adam where decay is 0

    def _snapshot(self) -> tuple[Tensor, Tensor]:
        return self._embeddings.detach().cpu().clone(), self._log_scale.detach().cpu().clone()

    def begin(self, validation: Rows) -> FitState:
        """Return the state before the first epoch."""
        embeddings, log_scale = self._snapshot()
        return FitState(
            embeddings=embeddings,
            log_scale=log_scale,
            optimiser=self._optimiser.state_dict(),
            best_embeddings=embeddings,
            best_log_scale=log_scale,
            best_epoch=0,
            curve=(self._measure(0, None, validation),),
        )

    def restore(self, state: FitState) -> None:
        """Take the learned tensors and the optimiser from a state."""
        with torch.no_grad():
            self._embeddings.copy_(state.embeddings)
            self._log_scale.copy_(state.log_scale)
        self._optimiser.load_state_dict(state.optimiser)

    def run_epoch(self, rows: Rows, *, epoch: int) -> float:
        """Take one step for each batch and return the mean loss over the rows."""
        # the order depends on seed and epoch alone, so a resumed fit sees the same batches
        generator = torch.Generator().manual_seed(self._settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(rows.labels), generator=generator)
        total = 0.0
        for chosen in torch.split(order, self._settings.batch_size):
            batch, target = rows.features[chosen].to(self._device), rows.labels[chosen].to(self._device).float()
            text = encode_pairs(self._encoder, self._embeddings, self._eot)
            if not text.requires_grad:
                raise InputError(f"The encoder `{self._encoder.name}` lets no gradient through its text side.")
            loss = (raw_scores(batch, text, temperature=self._log_scale.exp()) - target).square().mean()
            # gradients of ours only: the encoder's parameters must not collect any
            for tensor, gradient in zip(self._learned, torch.autograd.grad(loss, self._learned), strict=True):
                tensor.grad = gradient
            self._optimiser.step()
            total += loss.item() * len(chosen)
        return total / len(rows.labels)

    def conclude(self, state: FitState, loss: float, validation: Rows) -> FitState:
        """Return the state after an epoch, measured on the validation rows."""
        result = self._measure(len(state.curve), loss, validation)
        _log.info("Epoch %d: loss %.5f, validation SRCC %.4f.", result.epoch, loss, result.srcc)
        embeddings, log_scale = self._snapshot()
        state = replace(
            state,
            embeddings=embeddings,
            log_scale=log_scale,
            optimiser=deepcopy(self._optimiser.state_dict()),  # the live one changes in place
            curve=(*state.curve, result),
        )
        if result.srcc <= state.curve[state.best_epoch].srcc:
            return state
        return replace(state, best_embeddings=embeddings, best_log_scale=log_scale, best_epoch=result.epoch)

    def _measure(self, epoch: int, loss: float | None, validation: Rows) -> EpochResult:
        srcc, _ = self._validate(validation)
        return EpochResult(epoch=epoch, loss=loss, srcc=fmean(srcc.values()), by_name=srcc)

    @torch.no_grad()
    def _validate(self, validation: Rows) -> tuple[dict[str, float], dict[str, float]]:
        """Return SRCC and PLCC by name; 0 where all scores are equal, as they rank nothing."""
        text = encode_pairs(self._encoder, self._embeddings, self._eot)
        batches = torch.split(validation.features, self._settings.batch_size)
        scores = [raw_scores(b.to(self._device), text, temperature=self._log_scale.exp()).cpu() for b in batches]
        return correlations(torch.cat(scores), validation.labels, self._start.names)

    def result(self, state: FitState, validation: Rows) -> tuple[TextPairs, FitReport]:
        """Return the best epoch's pairs, measured once more."""
        with torch.no_grad():
            self._embeddings.copy_(state.best_embeddings)
            self._log_scale.copy_(state.best_log_scale)
        srcc, plcc = self._validate(validation)
        report = FitReport(
            srcc=srcc,
            plcc=plcc,
            best_epoch=state.best_epoch,
            stopped_early=len(state.curve) <= self._settings.epochs,
            curve=state.curve,
        )
        learned = self._settings.train_temperature
        temperature = math.exp(float(state.best_log_scale)) if learned else self._start.temperature
        pairs = replace(
            self._start,
            embeddings=state.best_embeddings,
            temperature=temperature,
            metrics=report.metrics,
            reference=None,  # it was measured with the start
        )
        return pairs, report
