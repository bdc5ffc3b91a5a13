"""Restoration networks as stage 2: one pass over the picture without noise, text or steps.

Many published networks clean pictures or enlarge them (SCUNet, SwinIR, Real-ESRGAN, ...); spandrel
tells from the tensors of a file which one it is. This is the one file that imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.backend import InpaintRequest, OnStep, check_generated, check_request
from balanced_refiner.diffusion.options import DType, resolve_dtype
from grefine_core import InputError, WeightsError
from grefine_core.downloads import first_line
from grefine_core.weights import load_tensors, unpinned

SUFFIXES = (".safetensors", ".pth", ".pt")
"""Endings of the files that are read."""
WORKING_SIZE = 512
"""Side of the squares: large enough for few tiles, small enough for attention over a whole one."""


class Restorer:
    """A restoration network behind the `Inpainter` protocol, for a pass over the whole picture.

    It knows no strength: pixels whose strength is above 0 are restored in full, the others are left.
    A network that enlarges is brought back to the picture's size by averaging. Texts, seeds and
    steps say nothing to it.

    Args:
        network: Restores one picture (1, 3, H, W) in [0, 1] of any size; what it returns has the same
            layout, may be larger by a whole factor, and shares no memory with what it got.
        name: Identify the network in reports.
        working_size: Side in pixels of the squares that it takes.

    Raises:
        InputError: If the working size is not positive.
    """

    def __init__(self, network: Callable[[Tensor], Tensor], *, name: str, working_size: int = WORKING_SIZE) -> None:
        if working_size < 1:
            raise InputError(f"`working_size` must be positive, got {working_size}.")
        self._network, self._name, self._working_size = network, name, working_size

    @property
    def name(self) -> str:
        """Architecture and the beginning of the file's sha256."""
        return self._name

    @property
    def working_size(self) -> int:
        """Side of the squares that it takes."""
        return self._working_size

    @property
    def max_strength(self) -> float:
        """Always 1: strength means nothing to it."""
        return 1.0

    @property
    def mild_pass(self) -> bool:
        """Always True: passing over whole pictures is what it is made for."""
        return True

    @torch.no_grad()
    def inpaint(self, request: InpaintRequest, *, on_step: OnStep | None = None) -> Tensor:
        """Restore where the strength is above 0; each picture counts as one step.

        Raises:
            InputError: If the request breaks its contract.
            RefineError: If the network returns nan or a black picture.
        """
        check_request(request, self.working_size)
        images = request.images.detach().float().cpu()
        out = images.clone()
        for row, (image, mask) in enumerate(zip(images, request.masks.cpu(), strict=True)):
            if mask.any():
                # one by one: networks that normalise over a batch would mix its pictures
                out[row] = torch.where(mask > 0, self._restore(image[None])[0], image)
            if on_step is not None:
                on_step(row + 1, len(images))
        return check_generated(out, request)

    def _restore(self, image: Tensor) -> Tensor:
        """Return a restored picture (1, 3, H, W), float32 on the CPU, of the size it came in."""
        made = self._network(image).float().cpu()
        size = image.shape[2:]
        if made.shape[2:] == size:
            return torch.as_tensor(made)
        if all(large % small == 0 for large, small in zip(made.shape[2:], size, strict=True)):
            return functional.interpolate(made, size=size, mode="area")
        return functional.interpolate(made, size=size, mode="bicubic", antialias=True).clamp(0, 1)


class SpandrelRestorer(Restorer):
    """The network of a file that spandrel knows; see `Restorer`.

    Args:
        path: Weights in safetensors, or a PyTorch file of tensors alone; no code from it is run.
        device: Where to run; the CPU by default.
        dtype: Number type; float32 where the network is not made for less.
        working_size: Side in pixels of the squares that it takes.

    Raises:
        InputError: If spandrel is not installed, or the network is of another kind.
        WeightsError: If the file is absent, damaged, or holds more than tensors.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        device: torch.device | None = None,
        dtype: DType = "auto",
        working_size: int = WORKING_SIZE,
    ) -> None:
        if working_size < 1:  # before the file is read
            raise InputError(f"`working_size` must be positive, got {working_size}.")
        path, device = Path(path).expanduser(), device or torch.device("cpu")
        model = _load(path)
        fitting = _fitting(resolve_dtype(dtype, device), model)
        model.to(device, fitting).eval()
        self._model = model
        name = f"spandrel:{model.architecture.id}:{unpinned(path).sha256[:16]}"
        # spandrel pads to what the network wants and clamps the result, which lies in memory of its own
        super().__init__(lambda image: model(image.to(device, fitting)), name=name, working_size=working_size)


def _load(path: Path) -> Any:
    """Return spandrel's descriptor of a file."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"A restoration model is a file ending in {', '.join(SUFFIXES)}; got {path}.")
    try:
        import spandrel
    except ModuleNotFoundError as error:
        raise InputError(
            f"The restoration model {path} needs spandrel; run `pip install 'balanced-refiner[restore]'`."
        ) from error
    state = load_tensors(unpinned(path))  # safer than spandrel's own reader: tensors alone
    try:
        model = spandrel.ModelLoader().load_from_state_dict(state)
    except spandrel.UnsupportedModelError as error:
        raise InputError(f"The file {path} is no restoration model that spandrel knows.") from error
    except Exception as error:  # each architecture has errors of its own
        raise WeightsError(f"The restoration model {path} cannot be loaded: {first_line(error)}.") from error
    if not isinstance(model, spandrel.ImageModelDescriptor):
        raise InputError(f"The model {path} ({model.architecture.name}) fills holes; a restoration model takes none.")
    if (model.input_channels, model.output_channels) != (3, 3):
        raise InputError(
            f"The model {path} ({model.architecture.name}) turns {model.input_channels} channels into "
            f"{model.output_channels}; RGB pictures have 3."
        )
    return model


def _fitting(dtype: torch.dtype, model: Any) -> torch.dtype:
    """Return the number type, or float32 where the network is not made for it."""
    made_for = {torch.float16: model.supports_half, torch.bfloat16: model.supports_bfloat16}
    return dtype if made_for.get(dtype, True) else torch.float32
