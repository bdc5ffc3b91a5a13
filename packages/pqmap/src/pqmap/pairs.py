"""Named pairs of learned texts, T_p of eq. (2): record, file format, start from words.

A text is kept as the token embeddings that enter the text transformer, so it need not be made of
words. The four of the paper are named and ordered as `FACTORS`; own dimensions have other names.
Each pair is [positive, negative].
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from grefine_core import Encoder, InputError, WeightsError, WeightsFile, write_atomically
from pqmap.perception import ALPHA, FACTORS

if TYPE_CHECKING:
    from pqmap.bands import ReferenceScale

FORMAT_VERSION = 1
_HEADER = "pqmap"
"""Key of the JSON header. It is the only key: safetensors writes several in no fixed order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextPairs:
    """K named pairs of texts for one encoder, and what scores need beside them."""

    embeddings: Tensor
    """Shape (K, 2, L, W), float32: token embeddings before the text transformer."""
    eot: Tensor
    """Shape (K, 2), int64, in [0, L): the last position of each text."""
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
    names: tuple[str, ...] = FACTORS
    """What each of the K pairs asks; all differ."""
    reference: ReferenceScale | None = None
    """What the score p of these very pairs is on a fixed set of pictures; None where not measured."""

    def __post_init__(self) -> None:
        """Refuse what no encoder could read.

        Raises:
            InputError: If a name, shape, dtype, position, the temperature or a bound breaks its rule.
        """
        if not (self.names and all(self.names) and len(set(self.names)) == len(self.names)):
            raise InputError(f"`names` must be names that all differ, got {self.names}.")
        shape, pairs = tuple(self.embeddings.shape), (len(self.names), 2)
        if len(shape) != 4 or shape[:2] != pairs or 0 in shape:
            raise InputError(f"`embeddings` must have shape ({pairs[0]}, 2, L, W), got {shape}.")
        if self.embeddings.dtype != torch.float32 or not self.embeddings.isfinite().all():
            raise InputError(f"`embeddings` must be finite float32, got {self.embeddings.dtype}.")
        if tuple(self.eot.shape) != pairs or self.eot.dtype != torch.int64:
            raise InputError(f"`eot` must be int64 of shape {pairs}, got {self.eot.dtype} {tuple(self.eot.shape)}.")
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
        """Return the texts' features (K, 2, D), L2-normalised, on the encoder's device."""
        return encode_pairs(encoder, self.embeddings.to(encoder.device), self.eot.to(encoder.device))

    def select(self, names: Sequence[str]) -> TextPairs:
        """Return the pairs of these names in this order; without `reference` unless all stay.

        Raises:
            InputError: If a name is not among `self.names`, or none is given.
        """
        if tuple(names) == self.names:
            return self
        places = [self._place(name) for name in names]
        return replace(
            self, embeddings=self.embeddings[places], eot=self.eot[places], names=tuple(names), reference=None
        )

    def replace_pairs(self, other: TextPairs) -> TextPairs:
        """Return these pairs with those of `other`'s names taken from it, and its metrics added.

        The shorter texts are padded with zeros, which no encoder reads. There is no `reference`:
        it was measured with the old pairs.

        Raises:
            InputError: If a name of `other` is not among `self.names`, or its width or temperature
                differs: all pairs of a record share one.
            WeightsError: If it is for another encoder.
        """
        if other.encoder != self.encoder:
            raise WeightsError(f"The pairs fit the encoder `{other.encoder}`, those to change `{self.encoder}`.")
        if (other.temperature, other.embeddings.shape[3]) != (self.temperature, self.embeddings.shape[3]):
            raise InputError(
                f"Pairs of temperature {other.temperature} and width {other.embeddings.shape[3]} do not go into "
                f"pairs of temperature {self.temperature} and width {self.embeddings.shape[3]}."
            )
        places = [self._place(name) for name in other.names]
        length = max(self.embeddings.shape[2], other.embeddings.shape[2])
        embeddings, eot = _padded(self.embeddings, length), self.eot.clone()
        embeddings[places], eot[places] = _padded(other.embeddings, length), other.eot
        metrics = {**self.metrics, **other.metrics}
        return replace(self, embeddings=embeddings, eot=eot, metrics=metrics, reference=None)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise InputError(f"There is no pair `{name}`; there are {', '.join(self.names)}.")
        return self.names.index(name)

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
            "names": list(self.names),
        }
        if self.reference is not None:
            header["reference"] = self.reference.to_json()
        tensors = {"embeddings": self.embeddings.cpu().contiguous(), "eot": self.eot.cpu().contiguous()}
        block = save(tensors, metadata={_HEADER: json.dumps(header, sort_keys=True)})
        return write_atomically(Path(path), lambda file: file.write(block))

    @classmethod
    def load(cls, file: str | Path | WeightsFile, *, encoder: Encoder) -> TextPairs:
        """Read pairs that were saved for this encoder; a `WeightsFile` is checked by its sha256.

        Raises:
            WeightsError: If `read` refuses the file, or it is fitted for another encoder.
        """
        pairs = cls.read(file)
        path = file.path if isinstance(file, WeightsFile) else file
        pairs.check_encoder(encoder, source=f"The text pairs in {path}")
        return pairs

    @classmethod
    def read(cls, file: str | Path | WeightsFile) -> TextPairs:
        """Read pairs of whichever encoder; what to look at, not yet to score with.

        Raises:
            WeightsError: If the file is absent, altered, unreadable, or of a newer format.
        """
        path = file.verify() if isinstance(file, WeightsFile) else Path(file)
        if not path.is_file():
            raise WeightsError(f"Text pairs file {path} is missing.")
        header, tensors = _read(path)
        if header["version"] != FORMAT_VERSION:
            raise WeightsError(f"{path} has format {header['version']}; this version of pqmap reads {FORMAT_VERSION}.")
        try:
            return cls(
                embeddings=tensors["embeddings"],
                eot=tensors["eot"],
                encoder=str(header["encoder"]),
                temperature=float(header["temperature"]),
                alpha=tuple(header["alpha"]),
                data=str(header["data"]),
                metrics=dict(header["metrics"]),
                names=tuple(map(str, header.get("names", FACTORS))),
                reference=_read_reference(header.get("reference")),
            )
        except (KeyError, TypeError, ValueError, WeightsError) as error:
            raise WeightsError(f"{path} does not hold valid text pairs: {error}") from error


def _read_reference(content: Any) -> ReferenceScale | None:
    if content is None:
        return None
    from pqmap.bands import ReferenceScale

    return ReferenceScale.from_json(content)


def _padded(embeddings: Tensor, length: int) -> Tensor:
    """Return a copy of embeddings (K, 2, L, W) with zeros up to `length` positions."""
    return torch.nn.functional.pad(embeddings, (0, 0, 0, length - embeddings.shape[2])).clone()


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
    """Encode token embeddings (K, 2, L, W) with `eot` (K, 2) to (K, 2, D), all texts at once."""
    features = encoder.encode_token_embeddings(embeddings.flatten(0, 1), eot.flatten())  # (2K, D)
    return features.reshape(*eot.shape, -1)


Words = Sequence[tuple[str, str]] | Mapping[str, tuple[str, str]]
"""(positive, negative) texts: four in the order of `FACTORS`, or any number by name."""


def pairs_from_words(encoder: Encoder, words: Words, *, temperature: float | None = None) -> TextPairs:
    """Return pairs of plain texts: a start for fitting, or a zero-shot assessor.

    Positions after the longest text are cut off: every one costs time in each step of a fit.

    Args:
        encoder: Its name goes into the record.
        words: Four (positive, negative) texts in the order of `FACTORS`, or own ones by name.
        temperature: s_p; the encoder's `alignment_scale` where it is None.

    Raises:
        InputError: If there are not four pairs and no names, or a text is longer than the
            encoder's context.
    """
    named = words if isinstance(words, Mapping) else _named_factors(words)
    if not named or any(len(pair) != 2 for pair in named.values()):
        raise InputError(f"`words` must be (positive, negative) pairs, got {dict(named)}.")
    texts = [text for pair in named.values() for text in pair]
    counts = encoder.token_counts(texts)
    longest = max(counts)
    if longest > encoder.context_length:
        text = texts[counts.index(longest)]
        raise InputError(f"The text `{text}` has {longest} tokens; the encoder reads {encoder.context_length}.")
    with torch.no_grad():
        embeddings = encoder.embed_tokens(texts)[:, :longest].float().cpu()  # (2K, L, W)
    return TextPairs(
        embeddings=embeddings.reshape(len(named), 2, longest, -1).clone(),
        eot=torch.tensor(counts).reshape(len(named), 2) - 1,
        encoder=encoder.name,
        temperature=encoder.alignment_scale if temperature is None else temperature,
        names=tuple(named),
    )


def _named_factors(words: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    if len(words) != len(FACTORS) or any(len(pair) != 2 for pair in words):
        raise InputError(f"`words` must be four (positive, negative) pairs, got {list(words)}.")
    return dict(zip(FACTORS, words, strict=True))
