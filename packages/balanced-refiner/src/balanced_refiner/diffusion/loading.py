"""Open diffusers pipelines: the one file that imports diffusers, and only when a model is opened."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from balanced_refiner.diffusion.options import DiffusionOptions, check_options, resolve_dtype
from balanced_refiner.diffusion.single_file import INPAINT_CHANNELS, read_single_file
from balanced_refiner.diffusion.sources import (
    CONTROLNET_INDEX,
    check_parts,
    edited_as,
    opened_as,
    read_layout,
    resolve,
    small_files,
    variant,
)
from grefine_core import DiffusionPack, InputError, WeightsError
from grefine_core.downloads import first_line

_PACK_PARTS = ("vae", "unet", "scheduler")


def open_pipeline(
    source: str | Path, *, options: DiffusionOptions | None = None, device: torch.device | None = None
) -> Any:
    """Return a pipeline that can repaint, on its device, silent, in evaluation mode.

    Text-to-image models are opened as inpainting ones: they have the same parts. Weights are read
    from safetensors only, and no code that comes with a model is run. Safety checkers are not loaded.

    Args:
        source: A diffusers folder, a .safetensors file or a repository of the hub.
        options: Number type, memory and speed.
        device: Where to run; the CPU by default.

    Raises:
        InputError: If the source is of another kind or the device cannot keep the options.
        WeightsError: If files are absent, damaged, or cannot be downloaded.
    """
    options, device = options or DiffusionOptions(), device or torch.device("cpu")
    check_options(options, device)
    dtype = resolve_dtype(options.dtype, device)
    half = dtype != torch.float32
    path = resolve(str(source), half=half)
    controlnet = resolve(options.controlnet, half=half, index=CONTROLNET_INDEX) if options.controlnet else None
    with _quiet():
        pipe = _open_folder(path, dtype) if path.is_dir() else _open_file(path, options.config, dtype)
        if controlnet is not None:
            added = _load_controlnet(controlnet, pipe.unet, dtype)
            pipe = _assemble(_with_control(type(pipe).__name__), pipe, controlnet=added)
    return _place(pipe, options, device)


def open_editor(
    source: str | Path, *, options: DiffusionOptions | None = None, device: torch.device | None = None
) -> Any:
    """Return a pipeline that makes a new picture of a whole one and a text, as `open_pipeline` does.

    Args:
        source: A diffusers folder or a repository of the hub, of one of `sources.EDITORS`.
        options: Number type, memory and speed.
        device: Where to run; the CPU by default.

    Raises:
        InputError: If the source is of another kind or the device cannot keep the options.
        WeightsError: If files are absent, damaged, or cannot be downloaded.
    """
    options, device = options or DiffusionOptions(), device or torch.device("cpu")
    check_options(options, device)
    dtype = resolve_dtype(options.dtype, device)
    path = resolve(str(source), half=dtype != torch.float32, accepts=edited_as)
    with _quiet():
        pipe = _open_folder(path, dtype, accepts=edited_as)
    return _place(pipe, options, device)


def open_pack(pack: DiffusionPack, device: torch.device) -> Any:
    """Return the stock inpainting pipeline around the parts of a pack, silent and in float32.

    Raises:
        WeightsError: If a part of the pack is absent or cannot be loaded.
    """
    for part in _PACK_PARTS:
        if not (pack.folder / part).is_dir():
            raise WeightsError(f"The diffusion pack `{pack.name}` has no folder {pack.folder / part}.")
    import diffusers

    stock: Any = diffusers  # its loaders are not typed
    # without low_cpu_mem_usage=False an environment without accelerate logs a warning
    options: dict[str, Any] = {"local_files_only": True, "torch_dtype": torch.float32, "low_cpu_mem_usage": False}
    try:
        vae = stock.AutoencoderKL.from_pretrained(pack.folder / "vae", **options)
        unet = stock.UNet2DConditionModel.from_pretrained(pack.folder / "unet", **options)
        schedule = stock.DDIMScheduler.load_config(pack.folder / "scheduler", local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"The diffusion pack `{pack.name}` in {pack.folder} cannot be loaded: {error}.") from error
    pipe = stock.StableDiffusionInpaintPipeline(
        vae=vae.eval().requires_grad_(False),
        text_encoder=None,
        tokenizer=None,
        unet=unet.eval().requires_grad_(False),
        scheduler=stock.DDIMScheduler.from_config(schedule, steps_offset=1),  # any other offset is deprecated there
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(device)


def share_pipeline(pipe: Any, name: str | None = None, *, controlnet: str | None = None) -> Any:
    """Return a second pipeline around the parts of a loaded one; no weight is copied, cast or moved.

    Only the scheduler is its own, since it keeps the place within a run. The stock `from_pipe` would
    cast the shared weights to float32 where no type is named.

    Args:
        pipe: A loaded pipeline of diffusers.
        name: Class of the second one; that which can repaint by default.
        controlnet: Folder or repository of a ControlNet to add; brought to the UNet's device and type.

    Raises:
        InputError: If the loaded one is of another kind, or its UNet does not fit the class or the ControlNet.
        WeightsError: If the ControlNet is absent or damaged.
    """
    kind = type(pipe).__name__
    name = name or opened_as(kind, "given")
    opened_as(name, "asked for")
    channels = pipe.unet.config.in_channels
    if "Img2Img" in name and channels == INPAINT_CHANNELS:
        raise InputError(f"{name} needs a UNet of 4 channels; that of the {kind} has {channels}, for inpainting.")
    with _quiet():
        if controlnet is not None:
            dtype: torch.dtype = pipe.unet.dtype
            path = resolve(controlnet, half=dtype != torch.float32, index=CONTROLNET_INDEX)
            added = _load_controlnet(path, pipe.unet, dtype).to(pipe._execution_device)
            return _assemble(_with_control(name), pipe, controlnet=added)
        return _assemble(name, pipe)


def _assemble(name: str, pipe: Any, **added: Any) -> Any:
    """Return a pipeline of a class around the parts of a loaded one, with a scheduler of its own."""
    import diffusers

    made: Any = getattr(diffusers, name)
    wanted = inspect.signature(made.__init__).parameters
    parts = {part: value for part, value in pipe.components.items() if part in wanted}
    if "requires_safety_checker" in wanted:
        parts["requires_safety_checker"] = False
    settings = ("requires_aesthetics_score", "force_zeros_for_empty_prompt")
    parts |= {key: pipe.config[key] for key in settings if key in wanted and key in pipe.config}
    parts["scheduler"] = type(pipe.scheduler).from_config(pipe.scheduler.config)
    shared = made(**{**parts, **added})
    shared.set_progress_bar_config(disable=True)
    return shared


def _with_control(name: str) -> str:
    """Return the class with a ControlNet; its inpainting kind takes 4 and 9 channels."""
    return f"StableDiffusion{'XL' if 'XL' in name else ''}ControlNetInpaintPipeline"


def _open_folder(folder: Path, dtype: torch.dtype, *, accepts: Callable[[str, object], str] = opened_as) -> Any:
    """Load a folder in the layout of diffusers."""
    layout = read_layout(folder)
    name = accepts(layout.pipeline, folder)
    check_parts(folder, layout)
    import diffusers

    with _damage(folder):
        return getattr(diffusers, name).from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            variant=variant(folder),
            **_without_checker(name),
        )


def _open_file(path: Path, config: str | None, dtype: torch.dtype) -> Any:
    """Load a model in one file; what describes its parts comes from a folder, never from the net behind our back."""
    kind = read_single_file(path)
    name = kind.pipeline
    described = resolve(config) if config else small_files(kind.described_by)
    import diffusers

    with _damage(path):
        return getattr(diffusers, name).from_single_file(
            str(path), config=str(described), dtype=dtype, local_files_only=True, **_without_checker(name)
        )


def _without_checker(name: str) -> dict[str, Any]:
    """Return arguments that keep the safety checker of SD away, and the watermark of XL."""
    if "XL" in name:
        return {"add_watermarker": False}
    return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def _load_controlnet(path: Path, unet: Any, dtype: torch.dtype) -> Any:
    """Return the ControlNet of a folder, if it fits a UNet."""
    import diffusers

    with _damage(path):
        config = diffusers.ControlNetModel.load_config(path, local_files_only=True)
        if config.get("_class_name") != "ControlNetModel":
            raise InputError(f"The model {path} is a {config.get('_class_name')}, not a ControlNetModel.")
        found, expected = config.get("cross_attention_dim"), unet.config.cross_attention_dim
        if found != expected:
            raise InputError(
                f"The ControlNet {path} was made for text states of width {found}, the model's are {expected}."
            )
        return (
            diffusers.ControlNetModel.from_pretrained(
                path, torch_dtype=dtype, local_files_only=True, use_safetensors=True, variant=variant(path, ".")
            )
            .eval()
            .requires_grad_(False)
        )


def _place(pipe: Any, options: DiffusionOptions, device: torch.device) -> Any:
    """Apply the options to a loaded pipeline and bring it to its device."""
    pipe.set_progress_bar_config(disable=True)
    models = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    for model in models:
        model.eval().requires_grad_(False)
    if options.vae_tiling:
        pipe.vae.enable_tiling()
    if options.vae_slicing:
        pipe.vae.enable_slicing()
    if options.channels_last:
        for model in (pipe.unet, pipe.vae):
            model.to(memory_format=torch.channels_last)
    if options.offload == "none":
        pipe.to(device)
    elif options.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif options.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.enable_group_offload(onload_device=device, offload_device=torch.device("cpu"), offload_type="leaf_level")
    if options.compile:
        pipe.unet.compile_repeated_blocks(fullgraph=True)
    return pipe


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what the loaders raise into one sentence that names the model."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # from three libraries, with no common class
        raise WeightsError(f"The model {path} cannot be loaded: {first_line(error)}.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence bars and log lines of the model libraries, and leave them as they were afterwards."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    loggers = (diffusers_logging, transformers_logging)
    before = [(log.get_verbosity(), log.is_progress_bar_enabled()) for log in loggers]
    for log in loggers:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about settings in a model's own files
            yield
    finally:
        for log, (verbosity, bar) in zip(loggers, before, strict=True):
            log.set_verbosity(verbosity)
            if bar:
                log.enable_progress_bar()
