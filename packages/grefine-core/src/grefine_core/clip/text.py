"""The text side of an open_clip model: tokens, token embeddings and their features. Imports no open_clip.

T texts, L tokens, token embeddings of width W, D joint dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grefine_core.errors import InputError

_CHUNK = 128
"""Texts that run through the transformer at once."""
_READ_AT_END = ("argmax", "eos")
"""Poolings that take the feature of the last token; an end of text has the highest id of all."""


class TextTower:
    """Reads any text tower; token embeddings only where a causal transformer is read at the last token."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._tower = getattr(model, "text", model)  # CLIP itself is its text tower, CustomTextCLIP has one
        self.context_length = int(tokenizer.context_length)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self._model.parameters()).device
        return device

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included, however many the context takes."""
        if hasattr(self._tokenizer, "encode"):  # open_clip's own byte pairs know no start and end
            return [len(self._tokenizer.encode(text)) + 2 for text in texts]
        clean = getattr(self._tokenizer, "clean_fn", str)
        return [len(ids) for ids in self._tokenizer.tokenizer([clean(text) for text in texts])["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return features (T, D), not normalised.

        Raises:
            InputError: If there is no text, or one is longer than the context.
        """
        ids, counts = self._tokenize(texts)
        chunks = []
        for start in range(0, len(ids), _CHUNK):
            part, ends = ids[start : start + _CHUNK], counts[start : start + _CHUNK] - 1
            if self._obstacle():
                chunks.append(self._model.encode_text(part).float())
            else:
                chunks.append(self.features(self._tower.token_embedding(part), ends))
        return torch.cat(chunks)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Return token embeddings (T, L, W) float32, zero behind each end; L is the longest text's.

        Raises:
            InputError: If there is no text, one is longer than the context, or the tower reads no
                token embeddings.
        """
        self._check_readable()
        ids, counts = self._tokenize(texts)
        length = int(counts.max())
        embeddings: Tensor = self._tower.token_embedding(ids[:, :length]).float()
        inside = torch.arange(length, device=ids.device) < counts[:, None]  # (T, L)
        return embeddings * inside[..., None]

    def features(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Return features (T, D) of token embeddings (T, L, W) read at `eot` (T,), not normalised.

        Differentiable with respect to the embeddings. What stands behind the last end is cut off: a
        causal mask lets no earlier token see it.

        Raises:
            InputError: If shapes or ends do not fit, or the tower reads no token embeddings.
        """
        self._check_readable()
        self._check_embeddings(embeddings, eot)
        tower, device = self._tower, self.device
        length, dtype = int(eot.max()) + 1, tower.transformer.get_cast_dtype()
        x: Tensor = embeddings[:, :length].to(device, dtype) + tower.positional_embedding[:length].to(dtype)
        x = tower.transformer(x, attn_mask=tower.attn_mask[:length, :length])
        x = tower.ln_final(x[torch.arange(len(x), device=device), eot.to(device)])  # (T, W)
        projection = tower.text_projection
        if projection is not None:
            x = projection(x) if isinstance(projection, nn.Linear) else x @ projection
        return x.float()

    def _tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return ids (T, context) and counts (T,); the tokenizer would cut a long text silently."""
        if isinstance(texts, str) or not texts:
            raise InputError("`texts` must be a list of at least one text.")
        counts = self.token_counts(texts)
        for text, count in zip(texts, counts, strict=True):
            if count > self.context_length:
                raise InputError(
                    f"A text has {count} tokens, the model takes {self.context_length}: `{text[:40]}…`; split it."
                )
        ids: Tensor = self._tokenizer(list(texts))
        return ids.to(self.device), torch.tensor(counts, device=self.device)

    def _check_readable(self) -> None:
        obstacle = self._obstacle()
        if obstacle:
            raise InputError(f"Token embeddings need a causal text tower that is read at its last token; {obstacle}.")

    def _obstacle(self) -> str:
        """Return what keeps the tower from reading token embeddings, or nothing."""
        tower = self._tower
        if not hasattr(tower, "token_embedding"):
            return f"{type(tower).__name__} has none of open_clip's own"
        if getattr(tower, "cls_emb", None) is not None:
            return "this one reads a class token"
        pooling = getattr(tower, "text_pool_type", None) or getattr(tower, "pool_type", None)
        if pooling not in _READ_AT_END:
            return f"this one pools by `{pooling}`"
        return "this one sees all tokens at once" if tower.attn_mask is None else ""

    def _check_embeddings(self, embeddings: Tensor, eot: Tensor) -> None:
        width = self._tower.token_embedding.embedding_dim
        if embeddings.ndim != 3 or embeddings.shape[2] != width or 0 in embeddings.shape:
            raise InputError(f"`embeddings` must have shape (T, L, {width}), got {tuple(embeddings.shape)}.")
        if eot.shape != embeddings.shape[:1]:
            raise InputError(f"`eot` must have shape ({len(embeddings)},), got {tuple(eot.shape)}.")
        last = min(embeddings.shape[1], self.context_length) - 1
        if not ((eot >= 0) & (eot <= last)).all():
            raise InputError(f"`eot` must lie in 0 to {last}, got {int(eot.min())} to {int(eot.max())}.")
