"""The authors' PQ-Map script, number for number: its slips live here and nowhere else.

From Q-Future/Q-Refine at 65a82f17 (30 April 2024). Where it differs from eq. (2) and (3):

- image features are divided by their norm over the *tokens*, not over the channels;
- text features are not normalised, and the softmax has no temperature;
- all three factors are divided by the bound of the technical one;
- the map is the overall pair's, stretched to [0, 1] in each picture; the factors are not in it;
- the map is bilinear, and its width and height are swapped;
- the picture is squashed to a square, its EXIF rotation ignored, and palettes are resized by nearest.

Degenerate pictures get their flags but keep the script's score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from grefine_core import ImageInput, InputError, Picture, as_pixels, stretch, stretched_maps, to_pil
from pqmap.assessor import PerceptionAssessor
from pqmap.degenerate import find_flags
from pqmap.prepare import Prepared
from pqmap.results import Perception

if TYPE_CHECKING:
    from grefine_core.clip.encoder import OpenClipEncoder
    from pqmap.pairs import TextPairs

PREFERENCE = 0.935
"""Average technical preference, by which the script divides all three factors."""
BOUND = 1.0
"""Its `bound1`; `bound2` and `bound3` are computed there and never read."""
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own, as in the script's preprocessing."""
ENCODER = "vit-b-16"
COMMIT = "65a82f17e4e660576bba796ca8ea9516f2d5381f"
_URL = f"https://raw.githubusercontent.com/Q-Future/Q-Refine/{COMMIT}/embeding/"
PAIRS_SHA256 = {
    "PQ-overall.pth": "7368cf8e1a0bac656e7c2b9cbffcd2b23587a06c9615e9f56f0849c5010611cc",
    "PQ-technical.pth": "8b674a47a44e78e09bfd9a1ada66f2c49cb280cb59afdceab500b63f758343a2",
    "PQ-rational.pth": "ed30d8c34799524c213f274ffa83d86cd0adc31b461437bd9d57b04e882d936c",
    "PQ-natural.pth": "e7546e0470f95a15176d5c8f897aaa0d65c2dbcbebfcf0a81295115845799e30",
}
"""The four released files and their digests."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OfficialPerception(Perception):
    """What the script says of one picture.

    `score` is that of ``multi=True``, `raw` the four single scores, `grid` and `raw_grid` the stretched
    maps before they are enlarged.
    """

    @cached_property
    def map(self) -> Tensor:
        """The script's map, (H, W) of the picture, stretched to [0, 1]: upright, unlike the script's own."""
        return stretched_maps(self.grid[None], self.size)[0]

    @property
    def raw_maps(self) -> Tensor:
        """The four maps, (4, H, W), each stretched to [0, 1]."""
        return stretched_maps(self.raw_grid, self.size)

    @property
    def swapped_maps(self) -> Tensor:
        """The four maps as the script returns them: (4, W, H), the picture's width first."""
        height, width = self.size
        return stretched_maps(self.raw_grid, (width, height))


class OfficialAssessor(PerceptionAssessor):
    """The script's arithmetic behind the interface of the assessor."""

    differentiable = False

    def __init__(self, encoder: OpenClipEncoder, pairs: TextPairs, *, bound: float = BOUND) -> None:
        """Encode the texts without normalising them.

        Args:
            encoder: An open_clip model; a ModifiedResNet needs `SurgerySettings(reference=True)`.
            pairs: The released ones, or others of the four factors.
            bound: The script's `bound1`.

        Raises:
            InputError: If `pairs` are not those of the four factors.
            WeightsError: If the pairs are for another encoder.
        """
        super().__init__(encoder, pairs)
        self._clip, self._bound = encoder, bound
        with torch.no_grad():
            text = encoder.text_features(
                pairs.embeddings.flatten(0, 1).to(encoder.device), pairs.eot.flatten().to(encoder.device)
            )
        self._plain_text = text.reshape(len(pairs.names), 2, -1)  # (4, 2, D)

    def prepare(self, image: ImageInput) -> Prepared:
        """Squash a picture to the encoder's square as the script does.

        Raises:
            InputError: If it cannot be read or is no image of `ImageInput`.
        """
        as_pixels(image)  # refuses what cannot be read, in the words of all presets
        pil, side = _as_pil(image), self._clip.input_size
        small = pil.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
        pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255
        size = (pil.height, pil.width)
        return Prepared(pixels=pixels, size=size, flags=find_flags(pixels, size))

    @torch.no_grad()
    def assess_prepared(self, batch: Sequence[Prepared]) -> list[Perception]:
        """Assess squashed pictures in one pass of the encoder."""
        device = self._clip.device
        pixels = torch.cat([one.pixels.to(device) for one in batch])
        normalised = (pixels - pixels.new_tensor(MEAN)[:, None, None]) / pixels.new_tensor(STD)[:, None, None]
        tokens, gh = self._clip.image_tokens(normalised)  # (B, 1 + N, D)
        tokens = tokens / tokens.norm(dim=1, keepdim=True)  # the slip: over the tokens
        features = torch.einsum("bnd,kpd->bknp", tokens, self._plain_text).cpu()  # (B, 4, 1 + N, 2)
        scores = torch.sigmoid(features[:, :, 0, 0] - features[:, :, 0, 1])  # (B, 4): softmax over the pair
        grids = stretch(features[:, :, 1:, 0].unflatten(-1, (gh, gh)))  # (B, 4, gh, gw)
        combined = scores[:, 0] * (scores[:, 1:] / (PREFERENCE * self._bound)).clamp(max=1).prod(dim=1)
        if not features.isfinite().all():
            raise InputError(f"The encoder `{self._clip.name}` gave no finite features for this picture.")
        return [
            OfficialPerception(
                score=float(combined[index]),
                grid=grids[index, 0],
                raw=scores[index],
                raw_grid=grids[index],
                size=one.size,
                encoder=self._clip.name,
                flags=one.flags,
            )
            for index, one in enumerate(batch)
        ]


def load_official(*, device: str = "auto", pairs: str | Path | None = None) -> OfficialAssessor:
    """Load OpenAI's ViT-B/16 and the authors' four pairs, downloading both once.

    Args:
        device: `auto`, or a name that torch knows.
        pairs: A file of `pqmap pairs import` instead of the download.

    Raises:
        InputError: If open_clip is not installed or the device is absent.
        WeightsError: If a download is refused, absent while offline, or altered.
    """
    from grefine_core import load_encoder
    from grefine_core.downloads import fetch_url
    from pqmap.import_pairs import read_official
    from pqmap.pairs import TextPairs

    encoder: Any = load_encoder(ENCODER, device=device)
    if pairs is not None:
        return OfficialAssessor(encoder, TextPairs.load(pairs, encoder=encoder))
    files = [fetch_url(_URL + name, sha256=digest, name=name) for name, digest in PAIRS_SHA256.items()]
    embeddings, eot = read_official(files)
    texts = TextPairs(
        embeddings=embeddings, eot=eot, encoder=encoder.name, temperature=1.0, data=f"Q-Future/Q-Refine {COMMIT}"
    )
    return OfficialAssessor(encoder, texts)


def _as_pil(image: ImageInput) -> Image.Image:
    """Return the picture as the script would have opened it: no EXIF rotation, no colour profile."""
    if isinstance(image, Picture) and image.path is not None:
        image = image.path
    if isinstance(image, str | Path):
        with Image.open(image) as opened:
            return opened.copy()
    if isinstance(image, Image.Image):
        return image
    return to_pil(image.pixels if isinstance(image, Picture) else image)
