"""The four pairs of learned texts T_p, eq. (2): record, file format, start from words.

A text is kept as the token embeddings that enter the text transformer, so it need not be made of
words. Factor order is that of `FACTORS`, each [positive, negative].
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from grefine_core import Encoder, InputError, WeightsError, WeightsFile, write_atomically
from pqmap.perception import ALPHA, FACTORS

FORMAT_VERSION = 1
_HEADER = "pqmap"
"""Key of the JSON header. It is the only key: safetensors writes several in no fixed order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextPairs:
    """Four pairs of texts for one encoder, and what scores need beside them."""

    embeddings: Tensor
    """Shape (4, 2, L, W), float32: token embeddings before the text transformer."""
    eot: Tensor
    """Shape (4, 2), int64, in [0, L): the last position of each text."""
    encoder: str
    """`Encoder.name` of the model whose text transformer they were fitted to."""
    temperature: float
    """s_p of eq. (2), above 0."""
    alpha: tuple[float, float, float] = ALPHA
    """Bounds of factors 1-3 in eq. (3), each in (0, 1]."""
    data: str = ""
    """What the pairs were fitted on, in words."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """How well they did on validation, such as ``{"srcc_overall": 0.9}``."""

    def __post_init__(self) -> None:
        """Refuse what no encoder could read.

        Raises:
            InputError: If a shape, dtype, position, the temperature or a bound breaks its rule.
        """
        shape, pairs = tuple(self.embeddings.shape), (len(FACTORS), 2)
        if len(shape) != 4 or shape[:2] != pairs or 0 in shape:
            raise InputError(f"`embeddings` must have shape (4, 2, L, W), got {shape}.")
        if self.embeddings.dtype != torch.float32 or not self.embeddings.isfinite().all():
            raise InputError(f"`embeddings` must be finite float32, got {self.embeddings.dtype}.")
        if tuple(self.eot.shape) != pairs or self.eot.dtype != torch.int64:
            raise InputError(f"`eot` must be int64 of shape (4, 2), got {self.eot.dtype} {tuple(self.eot.shape)}.")
        if not ((self.eot >= 0) & (self.eot < shape[2])).all():
            raise InputError(f"`eot` must lie in [0, {shape[2]}), got {self.eot.tolist()}.")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"`temperature` must be a number above 0, got {self.temperature}.")
        if len(self.alpha) != len(ALPHA) or not all(0 < bound <= 1 for bound in self.alpha):
            raise InputError(f"`alpha` must be three numbers in (0, 1], got {self.alpha}.")

    def check_encoder(self, encoder: Encoder, *, source: str = "These text pairs") -> None:
        """Refuse an encoder that the pairs were not fitted for; its scores would mean nothing.

        Raises:
            WeightsError: If the names differ (both are given).
        """
        if self.encoder != encoder.name:
            raise WeightsError(f"{source} fit the encoder `{self.encoder}`, not `{encoder.name}`.")

    def text_features(self, encoder: Encoder) -> Tensor:
        """Return the texts' features (4, 2, D), L2-normalised, on the encoder's device."""
        return encode_pairs(encoder, self.embeddings.to(encoder.device), self.eot.to(encoder.device))

    def save(self, path: str | Path) -> Path:
        """Write the pairs as safetensors with a JSON header, whole or not at all.

        Raises:
            InputError: If the folder cannot be written.
        """
        from safetensors.torch import save

        header = {
            "version": FORMAT_VERSION,
            "encoder": self.encoder,
            "temperature": self.temperature,
            "alpha": list(self.alpha),
            "data": self.data,
            "metrics": dict(self.metrics),
        }
        tensors = {"embeddings": self.embeddings.cpu().contiguous(), "eot": self.eot.cpu().contiguous()}
        block = save(tensors, metadata={_HEADER: json.dumps(header, sort_keys=True)})
        return write_atomically(Path(path), lambda file: file.write(block))

    @classmethod
    def load(cls, file: str | Path | WeightsFile, *, encoder: Encoder) -> TextPairs:
        """Read pairs that were saved for this encoder; a `WeightsFile` is checked by its sha256.

        Raises:
            WeightsError: If the file is absent, altered, unreadable, of a newer format, or fitted
                for another encoder.
        """
        path = file.verify() if isinstance(file, WeightsFile) else Path(file)
        if not path.is_file():
            raise WeightsError(f"Text pairs file {path} is missing.")
        header, tensors = _read(path)
        if header["version"] != FORMAT_VERSION:
            raise WeightsError(f"{path} has format {header['version']}; this version of pqmap reads {FORMAT_VERSION}.")
        try:
            pairs = cls(
                embeddings=tensors["embeddings"],
                eot=tensors["eot"],
                encoder=str(header["encoder"]),
                temperature=float(header["temperature"]),
                alpha=tuple(header["alpha"]),
                data=str(header["data"]),
                metrics=dict(header["metrics"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"{path} does not hold valid text pairs: {error}") from error
        pairs.check_encoder(encoder, source=f"The text pairs in {path}")
        return pairs


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the JSON header, which has a version, and the tensors of a pairs file."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as reader:
            header = json.loads((reader.metadata() or {})[_HEADER])
            tensors = {name: reader.get_tensor(name) for name in reader.keys()}  # noqa: SIM118 - no mapping
        header["version"]
    except KeyError as error:
        raise WeightsError(f"{path} is no text pairs file: it has no {error} in its header.") from error
    except Exception as error:  # the reader's own error type is no part of its stable interface
        raise WeightsError(f"Text pairs file {path} cannot be read: {error}.") from error
    return header, tensors


def encode_pairs(encoder: Encoder, embeddings: Tensor, eot: Tensor) -> Tensor:
    """Encode token embeddings (4, 2, L, W) with `eot` (4, 2) to (4, 2, D), eight texts at once."""
    features = encoder.encode_token_embeddings(embeddings.flatten(0, 1), eot.flatten())  # (8, D)
    return features.reshape(*eot.shape, -1)


def pairs_from_words(
    encoder: Encoder, words: Sequence[tuple[str, str]], *, temperature: float | None = None
) -> TextPairs:
    """Return pairs of plain texts: a start for fitting, or a zero-shot assessor.

    Positions after the longest text are cut off: every one costs time in each step of a fit.

    Args:
        encoder: Its name goes into the record.
        words: Four (positive, negative) texts in the order of `FACTORS`.
        temperature: s_p; the encoder's `alignment_scale` where it is None.

    Raises:
        InputError: If there are not four pairs, or a text is longer than the encoder's context.
    """
    if len(words) != len(FACTORS) or any(len(pair) != 2 for pair in words):
        raise InputError(f"`words` must be four (positive, negative) pairs, got {list(words)}.")
    texts = [text for pair in words for text in pair]
    counts = encoder.token_counts(texts)
    longest = max(counts)
    if longest > encoder.context_length:
        text = texts[counts.index(longest)]
        raise InputError(f"The text `{text}` has {longest} tokens; the encoder reads {encoder.context_length}.")
    with torch.no_grad():
        embeddings = encoder.embed_tokens(texts)[:, :longest].float().cpu()  # (8, L, W)
    return TextPairs(
        embeddings=embeddings.reshape(len(FACTORS), 2, longest, -1).clone(),
        eot=torch.tensor(counts).reshape(len(FACTORS), 2) - 1,
        encoder=encoder.name,
        temperature=encoder.alignment_scale if temperature is None else temperature,
    )
