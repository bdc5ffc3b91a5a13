"""Swin2SR (Conde et al., arXiv:2209.11345) in the format of transformers, as a restoration network.

spandrel reads Swin2SR from files of its authors; this reads what the hub publishes. The network enlarges
2 or 4 times, and `Restorer` brings the picture back to its size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.diffusion.restorer import WORKING_SIZE, Restorer
from balanced_refiner.diffusion.sources import resolve
from grefine_core import InputError, WeightsError
from grefine_core.downloads import first_line
from grefine_core.weights import unpinned

CONFIG = "config.json"
_CLASS = "Swin2SRForImageSuperResolution"


def load_swin2sr(source: str, *, device: torch.device | None = None, working_size: int = WORKING_SIZE) -> Restorer:
    """Load a Swin2SR in float32.

    Args:
        source: Folder with `config.json` and weights in safetensors, or a repository of the hub.
        device: Where to run; the CPU by default.
        working_size: Side in pixels of the squares that it takes.

    Raises:
        InputError: If transformers is not installed, or the model is another.
        WeightsError: If a file is absent, damaged, or cannot be downloaded.
    """
    folder = resolve(source, index=CONFIG)
    if not (folder / CONFIG).is_file():
        raise InputError(f"The folder {folder} has no {CONFIG}, so it is no model of transformers.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise WeightsError(f"The folder {folder} has no .safetensors file; pickled weights are not loaded.")
    model = _load(folder).to(device or torch.device("cpu"))
    name = f"swin2sr:x{model.config.upscale}:{unpinned(weights[0]).sha256[:16]}"
    return Restorer(lambda image: enlarge(model, image), name=name, working_size=working_size)


def enlarge(model: Any, image: Tensor) -> Tensor:
    """Return a picture (1, 3, sH, sW) of one (1, 3, H, W) of any size, both in [0, 1]; s is the model's factor.

    The stock processor pads on its own and nobody cuts the padding off again; here it is done both times.
    """
    height, width = image.shape[2:]
    window, factor = model.config.window_size, model.config.upscale
    padding = (0, -width % window, 0, -height % window)
    padded = functional.pad(image.to(model.device), padding, mode="replicate")
    made: Tensor = model(padded).reconstruction
    return made[:, :, : factor * height, : factor * width].clamp(0, 1)


def _load(folder: Path) -> Any:
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise InputError("Swin2SR needs transformers; run `pip install 'balanced-refiner[diffusers]'`.") from error
    try:
        config: Any = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        if config.model_type != "swin2sr":
            raise InputError(f"The model {folder} is a {config.model_type}, not a swin2sr.")
        model = getattr(transformers, _CLASS).from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except InputError:
        raise
    except Exception as error:  # from three libraries, with no common class
        raise WeightsError(f"The model {folder} cannot be loaded: {first_line(error)}.") from error
    return model.eval().requires_grad_(False)
