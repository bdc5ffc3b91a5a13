"""Frozen records that cross package borders.

Scores and maps have no unit, lie in [0, 1], and 1 is good. Maps of results live on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

DefectKind = Literal["missing", "attribute"]
"""`missing`: the noun is not in the picture; `attribute`: it is, but without its attributes."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class ImageFeatures:
    """What an encoder says of B images in a joint space of D dimensions, L2-normalised over D."""

    global_: Tensor
    """Shape (B, D), float32: the whole image (row 0 of the paper's token features)."""
    patches: Tensor
    """Shape (B, gh, gw, D), float32: a grid over the image, row-major."""

    def tokens(self) -> Tensor:
        """Return (B, 1 + gh * gw, D): row 0 the whole image, then the patches row by row."""
        from torch import cat

        return cat([self.global_[:, None], self.patches.flatten(1, 2)], dim=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class QualityMap:
    """A score of one image and the map that says where it comes from."""

    score: float
    """In [0, 1], 1 is good."""
    map: Tensor
    """Shape (H, W) of the image, float32 in [0, 1], 1 is good."""
    cells: int | None = None
    """Cells of the grid that the map was interpolated from; None if it is as fine as it looks."""


@dataclass(frozen=True, kw_only=True)
class Emphasis:
    """A stretch of the prompt that the refiner should weigh more, eq. (7)."""

    text: str
    """The phrase's words as `prompt[start:end]` has them."""
    start: int
    """First character in the user's prompt."""
    end: int
    """One past the last character."""
    weight: float
    """1 is neutral."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Defect:
    """A phrase that the image fails to show, and where it should be drawn, eq. (6)."""

    phrase: str
    kind: DefectKind
    start: int
    end: int
    """Character span of the phrase in the user's prompt, `end` exclusive."""
    region: Tensor
    """Shape (H, W), float32 in [0, 1]: how much each pixel belongs to the region."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """All that the refiner needs to know of one image and its prompt."""

    pq: QualityMap
    """Perceptual quality: p and P of eq. (3)."""
    aq: QualityMap
    """Alignment: a of eq. (8), and A = 1 - D of eq. (6)."""
    defects: tuple[Defect, ...] = ()
    emphases: tuple[Emphasis, ...] = ()


TextConditioner = Callable[[str, Sequence[Emphasis]], Tensor]
"""Prompt and emphases -> token states (1, L, W) for a diffusion model's cross attention."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffusionPack:
    """A diffusers-format inpainting model on disk, with the text side that it was trained with."""

    name: str
    folder: Path
    """Holds `vae/`, `unet/` (9 input channels) and `scheduler/`."""
    condition: TextConditioner
    working_size: int
    """Side in pixels of the square pictures that the model was trained on."""
    guidance_scale: float
    """Classifier-free guidance that suits the model; 1 is none."""
    max_strength: float = 1.0
    """Highest strength, in (0, 1], at which the model still repairs what it is given; a small model
    asked for more only wipes it out."""
    mild_pass: bool = True
    """Whether a mild pass over the whole picture does good pixels no harm; where it is False, a refiner that decides
    by itself leaves the pass out."""
    codec_sigma: float = 0.0
    """Standard deviation in pixels of the low pass through which a repair gets back what the VAE loses of
    the picture; 0 for VAEs that lose next to nothing."""


@dataclass(frozen=True, kw_only=True)
class ParserPack:
    """A stanza pipeline on disk: tokenizer, tagger, dependency parser and word vectors."""

    name: str
    language: str
    folder: Path
    """Holds `resources.json`, which may be `{}`."""
    tokenizer: Path
    tagger: Path
    parser: Path
    vectors: Path
    """A tensor `vectors` (words, width) in safetensors, or a file of stanza's own where `words` is None."""
    words: Path | None = None
    """The words of the vectors, one a line."""
