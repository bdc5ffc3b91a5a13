"""Scores that are a cosine of CLIP: CLIPScore, HPS v2 and PickScore, each with its published weights.

The latter two were trained to tell which of two pictures of one prompt people prefer, as the sigmoid of
the difference of their logits (cosine times scale). Their value in [0, 1] is that probability against
an average picture of Stable Diffusion 1: 0.5 is as good as that. ImageReward's zero is close to that too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aqmap.scorers.clip_layout import open_clip_state
from aqmap.scorers.pairs import PairScorer
from aqmap.scorers.pictures import crop_square, pad_square
from aqmap.scorers.published import CLIP_SCORE, HPS_V2, HPS_V2_1, PICK_SCORE, Published, obtain
from aqmap.scorers.unset import UnsetWeights
from grefine_core import WeightsError, WeightsFile, load_tensors
from grefine_core.clip.shapes import openai_state
from grefine_core.downloads import first_line
from grefine_core.weights import unpinned

if TYPE_CHECKING:
    from grefine_core.clip.encoder import OpenClipEncoder

CLIPSCORE_WEIGHT = 2.5
"""Weight w of CLIPScore, Hessel et al. (arXiv:2104.08718), 2."""
CLIPSCORE_PREFIX = "A photo depicts "
"""What stands before each text in the code of its authors."""
HPS_FILE = "hpc.pt"
HPS_ABSENT = (
    "The scorer `hps` (the first HPS, arXiv:2303.14420) has its weights on no hub that could be pinned; get hpc.pt as "
    "https://github.com/tgxs002/align_sd says, and name it by `hps:FILE`."
)
HPS_MIDDLE = 0.20
"""Cosine that counts as average: a round number near what CLIP ViT-L/14 gives to matching pairs. Not measured."""
HPS_V2_AVERAGE = 0.2695
"""HPS v2.0 of Stable Diffusion 1.4 over the four styles of its benchmark, by the table of its repository."""
HPS_V2_1_AVERAGE = 0.2535
"""HPS v2.1 of the same."""
PICKSCORE_AVERAGE = 20.83
"""PickScore of Stable Diffusion 1.5 on the test prompts of HPD v2: median, as arXiv:2506.02698 reports."""


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Published weights, and how they become a model of open_clip."""

    published: Published | None
    """None where no hub has them, so that the user must name a file."""
    architecture: tuple[str, str] = ("ViT-H-14", "laion2b_s32b_b79k")
    """Which of open_clip's weights have the same shape and activation: those that these were made from."""
    layout: Callable[[Mapping[str, Any]], Mapping[str, Tensor]] = openai_state
    """Brings the names of the file to open_clip's."""


@dataclass(frozen=True, kw_only=True)
class CosineRecipe:
    """How an encoder's cosine becomes a score."""

    name: str
    """Of the scorer and its weights."""
    square: Callable[[Tensor, int], Tensor]
    """What pictures become: `crop_square` or `pad_square`."""
    weight: float = 1.0
    """What the cosine is multiplied with."""
    prefix: str = ""
    """What stands before each text."""


class CosinePairs:
    """See `PairModel`, which this implements for a CLIP of open_clip."""

    def __init__(self, encoder: OpenClipEncoder, recipe: CosineRecipe) -> None:
        self._encoder, self._recipe = encoder, recipe
        self.name = recipe.name
        self.size = encoder.images.size
        self.context_length = encoder.context_length

    def prepare(self, pixels: Tensor) -> Tensor:
        """Bring (1, 3, H, W) in [0, 1] to (3, S, S) in [0, 1]."""
        return self._recipe.square(pixels, self.size)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text behind the prefix, start and end included."""
        return self._encoder.token_counts([self._recipe.prefix + text for text in texts])

    def encode(self, images: Tensor) -> Tensor:
        """Encode (B, 3, S, S) in [0, 1] to (B, D), L2-normalised: CLIP's own feature, without eq. (1)."""
        images = images.to(self._encoder.device)
        settings = self._encoder.images
        mean, std = (images.new_tensor(value)[:, None, None] for value in (settings.mean, settings.std))
        features: Tensor = self._encoder.model.encode_image((images - mean) / std, normalize=True)
        return features

    def compare(self, encoded: Tensor, texts: Sequence[str]) -> Tensor:
        """Return the weighted cosines of P images (P, D) with P texts: (P,)."""
        row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        features = self._encoder.encode_text([self._recipe.prefix + text for text in row])
        return self._recipe.weight * (encoded * features[[row[text] for text in texts]]).sum(dim=-1)


def load_clipscore(path: Path | None, device: torch.device) -> PairScorer:
    """Load CLIPScore: raw values are ``2.5 cos``, clipped to [0, 1]."""
    encoder, name = _load("clipscore", _Source(published=CLIP_SCORE, architecture=("ViT-B-32", "openai")), path, device)
    recipe = CosineRecipe(name=name, square=crop_square, weight=CLIPSCORE_WEIGHT, prefix=CLIPSCORE_PREFIX)
    return PairScorer(CosinePairs(encoder, recipe), to_unit=lambda raw: raw.clamp(0, 1))


def load_hps(path: Path | None, device: torch.device) -> PairScorer:
    """Load the first HPS, whose weights no hub has: raw values are cosines.

    Raises:
        WeightsError: If no file is named.
    """
    source = _Source(published=None, architecture=("ViT-L-14", "openai"))
    encoder, name = _load("hps", source, path, device)
    scale = encoder.logit_scale
    pairs = CosinePairs(encoder, CosineRecipe(name=name, square=crop_square))
    return PairScorer(pairs, to_unit=lambda raw: (scale * (raw - HPS_MIDDLE)).sigmoid())


def load_hpsv2(path: Path | None, device: torch.device) -> PairScorer:
    """Load HPS v2.0: raw values are cosines."""
    return _load_hps("hpsv2", HPS_V2, path, device, average=HPS_V2_AVERAGE)


def load_hpsv2_1(path: Path | None, device: torch.device) -> PairScorer:
    """Load HPS v2.1: raw values are cosines, and do not compare with those of v2.0."""
    return _load_hps("hpsv2.1", HPS_V2_1, path, device, average=HPS_V2_1_AVERAGE)


def _load_hps(
    scorer: str, published: Published, path: Path | None, device: torch.device, *, average: float
) -> PairScorer:
    encoder, name = _load(scorer, _Source(published=published), path, device)
    scale = encoder.logit_scale
    pairs = CosinePairs(encoder, CosineRecipe(name=name, square=pad_square))
    return PairScorer(pairs, to_unit=lambda raw: (scale * (raw - average)).sigmoid())


def load_pickscore(path: Path | None, device: torch.device) -> PairScorer:
    """Load PickScore: raw values are cosines times the model's scale, of about 100."""
    encoder, name = _load("pickscore", _Source(published=PICK_SCORE, layout=open_clip_state), path, device)
    pairs = CosinePairs(encoder, CosineRecipe(name=name, square=crop_square, weight=encoder.logit_scale))
    return PairScorer(pairs, to_unit=lambda raw: (raw - PICKSCORE_AVERAGE).sigmoid())


def _load(scorer: str, source: _Source, path: Path | None, device: torch.device) -> tuple[OpenClipEncoder, str]:
    """Return the encoder, and the name of the scorer with its weights."""
    from grefine_core.clip.models import build_model, find_pretrained, make_tokenizer, wrap

    found = find_pretrained(*source.architecture)
    file = _find_file(scorer, source, path)
    state = load_tensors(file)
    with UnsetWeights():
        model = build_model(found.config)
    try:
        model.load_state_dict(source.layout(state))
    except (RuntimeError, AttributeError, TypeError) as error:
        raise WeightsError(f"Weights file {file.path} is of another model: {first_line(error)}.") from error
    name = f"{scorer}:{file.sha256[:16]}"
    tokenizer = make_tokenizer(found.config["text_cfg"])
    normalisation = (found.mean, found.std)
    encoder = wrap(model.to(device), tokenizer, name=name, normalisation=normalisation, dtype=torch.float32)
    return encoder, name


def _find_file(scorer: str, source: _Source, path: Path | None) -> WeightsFile:
    if source.published is not None:
        return obtain(scorer, source.published, path)
    if path is None:
        raise WeightsError(HPS_ABSENT)
    return unpinned(path / HPS_FILE if path.is_dir() else path)
