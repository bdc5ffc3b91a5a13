"""Models, tokenizers and the list of weights of open_clip: the one file that imports it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

from grefine_core.clip.encoder import ImageSettings, OpenClipEncoder
from grefine_core.downloads import first_line
from grefine_core.errors import InputError, WeightsError
from grefine_core.surgery import check_tower
from grefine_core.weights import WeightsFile


def require_open_clip() -> ModuleType:
    """Import open_clip.

    Raises:
        InputError: If it is not installed; the message names the extra that brings it.
    """
    try:
        import open_clip
    except ModuleNotFoundError as error:
        raise InputError("CLIP encoders need open_clip; install it with `pip install 'grefine-core[clip]'`.") from error
    module: ModuleType = open_clip
    return module


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """Weights that open_clip knows by name."""

    arch: str
    tag: str
    hub: str
    """Repository, and the file's name where it is not open_clip's usual one: `org/repo/` or `org/repo/file`."""
    config: dict[str, Any]
    """Architecture, with the activation that these weights were trained with."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def find_pretrained(arch: str, tag: str) -> Pretrained:
    """Look weights up in open_clip's list.

    Raises:
        InputError: If open_clip is absent or knows no such architecture or tag; the message names near ones.
    """
    library = require_open_clip()
    arch, suffix = arch.replace("/", "-"), "-quickgelu"
    tags = library.list_pretrained_tags_by_model(arch)
    wanted = tag.lower().replace("-", "_")
    if wanted not in tags:
        pairs = [f"{model}/{known}" for model, known in library.list_pretrained()]
        near = [f"{arch}/{known}" for known in tags] or difflib.get_close_matches(f"{arch}/{tag}", pairs, n=5)
        raise InputError(f"open_clip has no weights `{arch}/{tag}`; near are {', '.join(near[:5]) or 'none'}.")
    entry = library.get_pretrained_cfg(arch, wanted)
    config = library.get_model_config(arch)
    # the tag knows what it was trained with; the bare architecture would run OpenAI's weights with GELU
    config["quick_gelu"] = bool(entry.get("quick_gelu", config.get("quick_gelu", False)))
    bare = arch.removesuffix(suffix)
    name = bare if wanted in library.list_pretrained_tags_by_model(bare) else arch
    return Pretrained(
        arch=name, tag=wanted, hub=entry["hf_hub"], config=config, mean=tuple(entry["mean"]), std=tuple(entry["std"])
    )


def build_model(model_config: Mapping[str, Any]) -> Any:
    """Build a model with random weights from open_clip's `model_cfg`; nothing is downloaded for it.

    Raises:
        InputError: If open_clip is absent, or eq. (1) does not cover the image tower.
        WeightsError: If the configuration is none of open_clip's.
    """
    model = _construct(model_config)
    check_tower(model.visual)  # before anybody downloads weights for it
    return model


def _construct(model_config: Mapping[str, Any]) -> Any:
    library = require_open_clip()
    config = dict(copy.deepcopy(model_config))
    custom = config.pop("custom_text", False)
    try:
        config["vision_cfg"]["timm_model_pretrained"] = config["text_cfg"]["hf_model_pretrained"] = False
        if "multimodal_cfg" in config:
            return library.CoCa(**config)
        if custom or config["text_cfg"].get("hf_model_name"):
            return library.CustomTextCLIP(**config)
        return library.CLIP(**config)
    except (KeyError, TypeError) as error:
        raise WeightsError(f"The model's configuration is none that open_clip knows: {error!r}.") from error


def fill_model(model: Any, file: WeightsFile) -> Any:
    """Load checked weights in one of the layouts that open_clip reads into a model, and return it.

    Raises:
        WeightsError: If the file is absent, altered, unreadable, or of another architecture.
    """
    path = file.verify()
    try:
        require_open_clip().load_checkpoint(model, str(path))
    except Exception as error:
        raise WeightsError(f"Weights file {path} does not fit its configuration: {first_line(error)}.") from error
    return model


def make_tokenizer(text_config: Mapping[str, Any], *, folder: str | None = None) -> Any:
    """Return the tokenizer of a text configuration.

    Args:
        text_config: `text_cfg` of open_clip.
        folder: Where the files of a tokenizer of transformers are; open_clip's own needs none.

    Raises:
        WeightsError: If the files cannot be read.
    """
    library = require_open_clip()
    context = text_config.get("context_length", library.tokenizer.DEFAULT_CONTEXT_LENGTH)
    options = dict(text_config.get("tokenizer_kwargs") or {})
    options.pop("reduction_mask", None)  # how training shortens long texts; here they are refused
    if not folder:
        return library.SimpleTokenizer(context_length=context, **options)
    try:
        return library.tokenizer.HFTokenizer(
            folder, context_length=context, tokenizer_mode=text_config.get("tokenizer_mode"), **options
        )
    except Exception as error:
        raise WeightsError(f"The tokenizer in {folder} cannot be read: {first_line(error)}.") from error


def wrap(
    model: Any, tokenizer: Any, *, name: str, normalisation: tuple[Any, Any], dtype: torch.dtype
) -> OpenClipEncoder:
    """Return the encoder over a model, whose input side is the model's own.

    Args:
        model: From `build_model`, filled.
        tokenizer: From `make_tokenizer`.
        name: Identifies the weights.
        normalisation: Mean and standard deviation; None for OpenAI's.
        dtype: Of the weights; the logit scale stays float32, which bfloat16 would change by 1%.
    """
    library = require_open_clip()
    scale = model.logit_scale.detach().float()
    model = model.to(dtype)
    model.logit_scale.data = scale.to(model.logit_scale.device)
    mean, std = (
        tuple(value or default)
        for value, default in zip(normalisation, (library.OPENAI_DATASET_MEAN, library.OPENAI_DATASET_STD), strict=True)
    )
    size = model.visual.image_size
    images = ImageSettings(mean=mean, std=std, size=int(size if isinstance(size, int) else max(size)))
    return OpenClipEncoder(model, tokenizer, name=name, images=images)
