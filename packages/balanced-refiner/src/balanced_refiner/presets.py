"""Which diffusion models may be named, and how a name becomes a backend.

A name is an installed preset (`mini` of grefine-mini, `sdxl` and `sd15` of this package), a folder of
diffusers, a .safetensors file, or a repository of the hub. Nothing here imports diffusers before a
model is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from balanced_refiner.diffusion.sources import (
    FORMS,
    cached,
    check_parts,
    is_repository,
    opened_as,
    promised_digest,
    read_layout,
    repository_folder,
    resolve,
    weight_paths,
)
from grefine_core import DiffusionPack, InputError
from grefine_core.presets import Preset, load_preset, preset_entries
from grefine_core.weights import WeightsFile, unpinned

if TYPE_CHECKING:
    import torch

    from balanced_refiner.backend import Inpainter
    from balanced_refiner.diffusion.options import DiffusionOptions

DIFFUSION = "grefine.diffusion"
"""Entry point group; each entry is a `Preset` whose `load(device=)` returns a `DiffusionPack`, or a `ModelPreset`."""
GUIDANCE_SCALE = 7.5
"""What Stable Diffusion 1.x and XL are used with."""
PASD = (
    "`pasd` cannot be loaded: its UNet and its ControlNet are classes of its own repository, which neither diffusers "
    "nor a package on PyPI has, and no licence says that they may be passed on; for stage 2 name an SDXL "
    "model with a tile ControlNet, or a restoration model that spandrel reads."
)
_RESTORERS = (".pth", ".pt")


@dataclass(frozen=True, kw_only=True)
class DiffusersModel:
    """A model in the format of diffusers, and how it is used."""

    name: str
    """For reports."""
    source: str
    """Folder, file or repository."""
    working_size: int | None = None
    """Side in pixels of the squares that it takes; None for what its UNet was trained on."""
    guidance_scale: float = GUIDANCE_SCALE

    def preset(self, summary: str) -> ModelPreset:
        """Return the record by which the model is found; making it loads nothing."""
        return ModelPreset(summary=summary, load=self._load, files=partial(model_files, self.source), model=self)

    def _load(self, *, device: torch.device) -> DiffusersModel:  # noqa: ARG002 - all presets are loaded alike
        return self


@dataclass(frozen=True, kw_only=True)
class ModelPreset(Preset):
    """The preset of a model that takes `DiffusionOptions`; that of a pack takes none."""

    model: DiffusersModel


def find_model(name: str) -> Preset:
    """Return the preset of a name.

    Raises:
        InputError: If nothing of that name is installed and it has none of the other forms.
    """
    path = Path(name).expanduser()
    if name not in preset_entries(DIFFUSION):
        if path.exists() or is_repository(name):
            label = path.resolve().name if path.exists() else name
            return DiffusersModel(name=label, source=name).preset(f"diffusion model {name}")
        try:
            return load_preset(DIFFUSION, name)
        except InputError as error:
            raise InputError(f"{str(error).removesuffix('.')}; a diffusion model may also be {FORMS}.") from error
    return load_preset(DIFFUSION, name)


def model_files(source: str) -> Sequence[WeightsFile]:
    """Return the weights files of a source; of a repository that is absent, one that brings it all when verified.

    Raises:
        InputError: If it is no model that can be opened.
        WeightsError: If a part is absent.
    """
    if is_repository(source) and cached(source) is None:
        return [WeightsFile(repository_folder(source), "", download=partial(_fetch, source))]
    path = resolve(source)
    if path.is_dir():
        layout = read_layout(path)
        opened_as(layout.pipeline, path)
        check_parts(path, layout)
    else:
        from balanced_refiner.diffusion.single_file import read_single_file

        read_single_file(path)
    found = ((file, promised_digest(file)) for file in weight_paths(path))
    return [
        WeightsFile(file, digest, download=partial(_fetch, source)) if digest else unpinned(file)
        for file, digest in found
    ]


def _fetch(source: str) -> Path:
    """Download a repository in the precision that this machine would use."""
    import torch

    from balanced_refiner.diffusion.options import resolve_dtype
    from grefine_core.device import pick_device

    return resolve(source, half=resolve_dtype("auto", pick_device()) != torch.float32)


def check_model_options(name: str, preset: Preset, options: DiffusionOptions) -> None:
    """Refuse options that a model would not keep.

    Raises:
        InputError: If the preset of that name is a pack and an option is not the default.
    """
    if not isinstance(preset, ModelPreset) and options != type(options)():
        raise InputError(f"The pack `{name}` takes no options such as dtype or offload: it runs in float32, as it is.")


def load_inpainter(name: str, *, device: str = "auto", options: DiffusionOptions | None = None) -> Inpainter:
    """Load an inpainting model.

    Args:
        name: `mini`, `sdxl`, `sd15`, another installed preset, a folder of diffusers, a .safetensors
            file, or a repository of the hub.
        device: `auto`, or a name that torch knows.
        options: Number type, memory and speed; an installed pack such as `mini` takes none.

    Raises:
        InputError: If the name says nothing, the model is of another kind, diffusers is not
            installed, the device is absent or cannot keep the options.
        WeightsError: If a file is absent or altered.
    """
    if find_spec("diffusers") is None:
        raise InputError("A diffusion model needs diffusers; run `pip install 'balanced-refiner[diffusers]'`.")
    from balanced_refiner.diffusion.loading import open_pipeline
    from balanced_refiner.diffusion.options import DiffusionOptions
    from grefine_core.device import pick_device

    found, preset, options = pick_device(device), find_model(name), options or DiffusionOptions()
    check_model_options(name, preset, options)
    model: DiffusionPack | DiffusersModel = preset.load(device=found)
    if isinstance(model, DiffusionPack):
        from balanced_refiner.diffusion.pack import load_pack

        return load_pack(model, device=found)
    pipe = open_pipeline(model.source, options=options, device=found)
    return _paint_with(pipe, model, options.negative_prompt)


def wrap_pipeline(pipe: Any, *, name: str, controlnet: str | None = None, negative_prompt: str = "") -> Inpainter:
    """Return a backend around a pipeline of diffusers that is loaded already.

    Its weights are used where and as they are: nothing is copied, cast or moved. Two backends may
    share one pipeline, one of them with a ControlNet, but not at the same time.

    Args:
        pipe: Text-to-image, img2img or inpainting pipeline of Stable Diffusion 1.x or XL.
        name: For reports.
        controlnet: Folder or repository of a ControlNet that sees the picture.
        negative_prompt: What no picture should show.

    Raises:
        InputError: If the pipeline or the ControlNet is of another kind.
        WeightsError: If the ControlNet is absent or damaged.
    """
    from balanced_refiner.diffusion.loading import share_pipeline

    shared = share_pipeline(pipe, controlnet=controlnet)
    return _paint_with(shared, DiffusersModel(name=name, source=""), negative_prompt)


def load_stage2(name: str, *, device: str = "auto", options: DiffusionOptions | None = None) -> Inpainter:
    """Load a model for the mild pass over the whole picture.

    Args:
        name: A file of a restoration model that spandrel reads, or whatever `load_inpainter` takes.
        device: `auto`, or a name that torch knows.
        options: As for `load_inpainter`; of a restoration model only the number type counts.

    Raises:
        InputError: If the name says nothing, is `pasd`, or a package that it needs is not installed.
        WeightsError: If a file is absent, altered or damaged.
    """
    path = _restorer(name)
    if path is None:
        return load_inpainter(name, device=device, options=options)
    from balanced_refiner.diffusion.restorer import SpandrelRestorer
    from grefine_core.device import pick_device

    return SpandrelRestorer(path, device=pick_device(device), dtype=options.dtype if options else "auto")


def find_stage2(name: str) -> Preset:
    """Return the preset of a name that `load_stage2` takes; loads nothing.

    Raises:
        InputError: If the name says nothing, or is `pasd`.
    """
    path = _restorer(name)
    if path is None:
        return find_model(name)
    return Preset(summary=f"restoration model {path.name}", load=partial(load_stage2, name), files=partial(_one, path))


def _one(path: Path) -> Sequence[WeightsFile]:
    return [unpinned(path)]


def _restorer(name: str) -> Path | None:
    """Return the file of a restoration model; None if the name is that of a diffusion model."""
    if name.lower() == "pasd":
        raise InputError(PASD)
    path = Path(name).expanduser()
    if path.suffix in _RESTORERS:
        return path
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    from balanced_refiner.diffusion.single_file import has_unet

    return None if has_unet(path) else path


def _paint_with(pipe: Any, model: DiffusersModel, negative_prompt: str) -> Inpainter:
    from balanced_refiner.diffusion.clip_text import ClipConditioner
    from balanced_refiner.diffusion.painter import DiffusersInpainter, PainterSettings

    trained_on = pipe.unet.config.sample_size or 64  # side in cells, or both sides
    cells = max(trained_on) if isinstance(trained_on, list | tuple) else trained_on
    return DiffusersInpainter(
        pipe,
        ClipConditioner(pipe, negative_prompt=negative_prompt),
        PainterSettings(
            working_size=model.working_size or cells * pipe.vae_scale_factor, guidance_scale=model.guidance_scale
        ),
        name=model.name,
    )


SDXL = DiffusersModel(name="sdxl", source="diffusers/stable-diffusion-xl-1.0-inpainting-0.1", working_size=1024).preset(
    "Stable Diffusion XL for inpainting; 1024 px, 7 GB in half precision, downloaded once"
)
SD15 = DiffusersModel(name="sd15", source="stable-diffusion-v1-5/stable-diffusion-inpainting", working_size=512).preset(
    "Stable Diffusion 1.5 for inpainting; 512 px, 2 GB in half precision, downloaded once"
)
