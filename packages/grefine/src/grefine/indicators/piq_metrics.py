"""BRISQUE and CLIP-IQA as piq (Apache-2.0) computes them: the one file that imports it.

piq brings no weights: it downloads them from its own releases on GitHub, into torch's and CLIP's caches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from grefine.indicators.indicator import IndicatorInfo, Loading
from grefine_core import InputError, WeightsError, pick_device
from grefine_core.downloads import first_line, offline

RELEASES = "https://github.com/photosynthesis-team/piq/releases/download"
BRISQUE_FILE = "brisque_svm_weights.pt"
CLIP_FILES = ("RN50.pt", "clipiqa_tokens.pt")
LEAST_SIDE = 32
"""Below it nothing is left of BRISQUE's second scale."""
_EXTRA = "grefine[indicators]"
BRISQUE = IndicatorInfo(
    key="brisque",
    title="BRISQUE",
    group="perceptual",
    licence="piq Apache-2.0; the regressor is that of LIVE, University of Texas, free with its notice",
    weights=f"{RELEASES}/v0.4.0/{BRISQUE_FILE}, downloaded once by piq",
    higher=False,
    package=_EXTRA,
)
CLIP_IQA = IndicatorInfo(
    key="clipiqa",
    title="CLIPIQA",
    group="perceptual",
    licence="piq Apache-2.0; OpenAI's CLIP MIT",
    weights=f"{RELEASES}/v0.7.1/{CLIP_FILES[0]}, downloaded once by piq",
    low=0,
    high=1,
    package=_EXTRA,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class PiqMetric:
    """A metric of piq; see `Indicator`."""

    info: IndicatorInfo
    name: str
    compute: Callable[[Tensor], Tensor]
    """Pictures (1, 3, H, W) in [0, 1], on the device, to one value each."""
    device: torch.device

    @torch.no_grad()
    def measure(self, pixels: Tensor, prompt: str) -> float:  # noqa: ARG002 - all indicators are asked alike
        """Return the metric of a picture; the prompt says nothing to it.

        Raises:
            InputError: If the picture is too small, or so flat that the metric is not defined.
            WeightsError: If what piq downloads at the first call cannot be had.
        """
        side = min(pixels.shape[2:])
        if side < LEAST_SIDE:
            raise InputError(f"`{self.info.key}` needs sides of at least {LEAST_SIDE} pixels, got {side}.")
        try:
            value = float(self.compute(pixels.float().clamp(0, 1).to(self.device)).reshape(()))
        except OSError as error:  # of the network too
            raise _absent(self.info, first_line(error)) from error
        except AssertionError as error:  # piq checks with `assert` what flat pictures break
            raise InputError(f"`{self.info.key}` is not defined for this picture: {first_line(error)}.") from error
        if not math.isfinite(value):
            raise InputError(f"`{self.info.key}` gave {value} for this picture.")
        return value


def load_brisque(info: IndicatorInfo, loading: Loading) -> PiqMetric:
    """Return BRISQUE; piq reads its regressor at the first picture.

    Raises:
        InputError: If piq is not installed or the device is absent.
        WeightsError: If the regressor is absent while offline.
    """
    piq = _piq(info)
    _refuse_downloads(info, [Path(torch.hub.get_dir()) / "checkpoints" / BRISQUE_FILE], loading)

    def compute(pixels: Tensor) -> Tensor:
        value: Tensor = piq.brisque(pixels, data_range=1.0, reduction="none")
        return value

    return PiqMetric(info=info, name=f"brisque:piq-{_version()}", compute=compute, device=pick_device(loading.device))


def load_clip_iqa(info: IndicatorInfo, loading: Loading) -> PiqMetric:
    """Return CLIP-IQA ("Good photo." against "Bad photo." by CLIP's RN50 without position embeddings).

    Raises:
        InputError: If piq is not installed or the device is absent.
        WeightsError: If CLIP is absent while offline or cannot be downloaded.
    """
    piq, device = _piq(info), pick_device(loading.device)
    cache = Path("~/.cache/clip").expanduser()  # where piq keeps it, whatever the environment says
    _refuse_downloads(info, [cache / name for name in CLIP_FILES], loading)
    try:
        metric = piq.CLIPIQA(data_range=1.0).to(device).eval()
    except Exception as error:  # of the network, of files, of torch
        raise _absent(info, first_line(error)) from error
    return PiqMetric(info=info, name=f"clipiqa:piq-{_version()}", compute=metric, device=device)


def _refuse_downloads(info: IndicatorInfo, files: list[Path], loading: Loading) -> None:
    if loading.weights:
        raise InputError(f"`{info.key}` takes no local weights; put what piq downloads at {files[0]}.")
    missing = [file for file in files if not file.is_file()]
    if missing and offline():
        raise _absent(info, "HF_HUB_OFFLINE is set", missing[0])


def _absent(info: IndicatorInfo, reason: str, place: Path | None = None) -> WeightsError:
    where = f"; put it at {place}" if place else ""
    source = info.weights.partition(",")[0]
    return WeightsError(f"`{info.key}` needs {source}, which cannot be had ({reason}){where}.")


def _piq(info: IndicatorInfo) -> ModuleType:
    try:
        import piq
    except ModuleNotFoundError as error:
        raise InputError(f"`{info.key}` needs piq; run `pip install 'grefine[indicators]'`.") from error
    module: ModuleType = piq
    return module


def _version() -> str:
    from importlib.metadata import version

    return version("piq")
