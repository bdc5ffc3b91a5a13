"""The Scorer protocol, g of eq. (8) of G-Refine (arXiv:2404.18343), and the scorers that go by a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from grefine_core import InputError, pick_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@runtime_checkable
class Scorer(Protocol):
    """Says how well whole prompts fit whole images."""

    @property
    def name(self) -> str:
        """Identify the model and its weights."""

    def prepare(self, pixels: Tensor) -> Tensor:
        """Bring one image (1, 3, H, W) in [0, 1], sRGB, to the (3, S, S) that the model sees. Safe in threads."""

    def parts(self, prompts: Sequence[str]) -> list[int]:
        """Say in how many parts each prompt is scored; more than 1 where it exceeds the model's context."""

    def score(self, pixels: Sequence[Tensor], prompts: Sequence[str]) -> Tensor:
        """Score N pairs, each an image (3, H, W) in [0, 1], prepared or not, and a prompt.

        Returns:
            Shape (N,), float32 in [0, 1], on the CPU; 1 is good.
        """


def load_scorer(name: str, *, device: str = "auto") -> Scorer:
    """Load a scorer; its weights are downloaded once, and checked by sha256.

    Args:
        name: `clipscore`, `hps` (local weights only), `hpsv2`, `hpsv2.1`, `imagereward` or `pickscore`; with
            `NAME:PATH` the published weights are read from a file, or from a folder that has them.
        device: `auto`, or a name that torch knows.

    Raises:
        InputError: If the name is unknown, the extra `scorers` is not installed, or the device is absent.
        WeightsError: If the weights are absent and cannot be downloaded, altered, or of another model.
    """
    kind, colon, place = name.partition(":")
    loaders = _loaders()
    if kind not in loaders or (colon and not place.strip()):
        known = ", ".join(f"`{known}`" for known in sorted(loaders))
        raise InputError(f"Scorer `{name}` is not known; known are {known}, each also as `NAME:PATH` of local weights.")
    path = Path(place).expanduser() if colon else None
    return loaders[kind](path, pick_device(device))


def _loaders() -> dict[str, Callable[[Path | None, torch.device], Scorer]]:
    from aqmap.scorers.clip_scores import load_clipscore, load_hps, load_hpsv2, load_hpsv2_1, load_pickscore
    from aqmap.scorers.image_reward import load_image_reward

    return {
        "clipscore": load_clipscore,
        "hps": load_hps,
        "hpsv2": load_hpsv2,
        "hpsv2.1": load_hpsv2_1,
        "imagereward": load_image_reward,
        "pickscore": load_pickscore,
    }
