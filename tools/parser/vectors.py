"""Word vectors as stanza wants them, from GloVe's text or from the pack: a tensor beside a list of words."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import torch

WORDS_FILE, VECTORS_FILE = "words.txt", "vectors.safetensors"
_RESERVED = 4
"""Rows that stanza keeps for padding, unknown, empty and root."""


def read_glove(file: Path) -> tuple[list[str], torch.Tensor]:
    """Return the words and their vectors, shape (n, 50), float32."""
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        rows = [line.rstrip().split(" ") for line in stream]
    return [row[0] for row in rows], torch.tensor([[float(value) for value in row[1:]] for row in rows])


def pretrain(words: list[str], vectors: torch.Tensor) -> Any:
    """Return stanza's `Pretrain` of these words; `vectors` has no rows for reserved entries."""
    from stanza.models.common.pretrain import Pretrain, PretrainedWordVocab

    made = Pretrain()
    made._vocab = PretrainedWordVocab(words)
    made._emb = torch.cat([torch.zeros(_RESERVED, vectors.shape[1]), vectors.float()])
    return made


def write_vectors(folder: Path, words: list[str], vectors: torch.Tensor) -> None:
    """Write the pack's form: one word a line, and float16 rows in the same order."""
    from safetensors.torch import save_file

    (folder / WORDS_FILE).write_text("\n".join(words) + "\n", encoding="utf-8")
    save_file({"vectors": vectors.half().contiguous()}, folder / VECTORS_FILE)


def load_vectors(folder: Path) -> Any:
    """Return stanza's `Pretrain` of a pack's vectors."""
    from safetensors.torch import load_file

    words = (folder / WORDS_FILE).read_text(encoding="utf-8").splitlines()
    return pretrain(words, load_file(folder / VECTORS_FILE)["vectors"])
