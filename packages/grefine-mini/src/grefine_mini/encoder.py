"""The `mini` encoder: EfficientNet-Lite0 and MiniLM behind the Encoder protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from grefine_core import ImageFeatures, check_images, fit_size, load_tensors, resize
from grefine_mini.files import WEIGHTS, own_file, own_files, trunk_file
from grefine_mini.heads import Cells, Heads
from grefine_mini.statistics import CELL, cell_statistics
from grefine_mini.text import CONTEXT, MiniText
from grefine_mini.trunk import STRIDE, Pyramid, Trunk, load_sight, load_trunk

NAME = "mini-0.2"
"""Changes with the heads: pairs fitted for other heads do not fit these."""
INPUT_SIZE = 448
HEADS_FILE = "heads.safetensors"
SIGHT_FILE = "sight.safetensors"
"""A pyramid that was fine-tuned to look at quality; a pack may do without."""


class MiniEncoder:
    """See `grefine_core.Encoder`, which this implements; results are float32."""

    name = NAME
    input_size = INPUT_SIZE
    patch_size = CELL
    context_length = CONTEXT
    logit_scale = 1.0

    def __init__(self, trunk: Trunk, text: MiniText, heads: Heads, sight: Pyramid | None = None) -> None:
        """Join the parts; `sight` gives the statistics of cells, the trunk itself where it is None."""
        self._trunk, self.text, self.heads, self._sight = trunk, text, heads, sight

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.text.device

    @property
    def alignment_scale(self) -> float:
        """Temperature s_a of eq. (5), calibrated on composed scenes (see the model card)."""
        return float(self.heads.alignment_scale)

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size with the longer side at 448 and the aspect kept, in whole cells."""
        return fit_size(height, width, longer=INPUT_SIZE, multiple=STRIDE)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """Encode (B, 3, H, W) in [0, 1], brought to `fitted_size` first.

        Raises:
            InputError: If shape, dtype or range are wrong.
        """
        check_images(pixels)
        height, width = pixels.shape[-2:]
        resized = resize(pixels.to(self.device, torch.float32), self.fitted_size(height, width))
        return self.heads.image(self._measure(resized))

    def _measure(self, pixels: Tensor) -> Cells:
        """Return what the heads are told of (B, 3, H, W) in [0, 1], sides multiples of 32."""
        pyramid, head = self._trunk(pixels)
        statistics = cell_statistics(pyramid if self._sight is None else self._sight(pixels), pixels)
        colors = self.heads.pixel_colors.shares(pixels, statistics.shape[1:3])
        return Cells(head.permute(0, 2, 3, 1), statistics, colors)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts to (T, D); blank texts give the feature of the empty text."""
        features = self.heads.text(self.text.sentences(texts), self.text.embed_tokens(texts))
        blank = torch.tensor([not t.strip() for t in texts], device=self.device)
        return torch.where(blank[:, None], self.heads.empty_text()[None], features)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included."""
        return self.text.token_counts(texts)

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        """Return MiniLM's word embeddings (T, L, 384), zero behind each end."""
        return self.text.embed_tokens(texts)

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Encode word embeddings (T, L, 384), ends at `eot` (T,), to (T, D)."""
        words = embeddings.to(self.device)
        return self.heads.text(self.text.pool(words, eot.to(self.device)), words)


def load(*, device: torch.device, folder: Path = WEIGHTS) -> MiniEncoder:
    """Load the encoder with the pack's weights, or with those of another folder.

    Raises:
        WeightsError: If a file is absent or altered.
    """
    state = {k: v.float() for k, v in load_tensors(own_file(HEADS_FILE, folder=folder)).items()}
    fitted = Heads(memory=len(state["keys"]), color_words=len(state["color_tokens"]))
    fitted.load_state_dict(state)
    fitted.shares.div_(fitted.shares.sum())  # half precision rounded them; features must be of unit length
    trunk, _ = load_trunk(trunk_file())
    tuned = own_files(SIGHT_FILE, folder=folder)
    sight = load_sight(tuned[0]).to(device) if tuned else None
    text = MiniText.load(device=device)
    return MiniEncoder(trunk.to(device), text, fitted.eval().requires_grad_(False).to(device), sight)
