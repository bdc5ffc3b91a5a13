"""What users may name as a CLIP encoder: known presets, `arch/tag` of open_clip, folders and files.

Nothing here imports open_clip before a model is loaded.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grefine_core.downloads import first_line, hub_file, hub_snapshot
from grefine_core.errors import WeightsError
from grefine_core.presets import Preset
from grefine_core.weights import WeightsFile, load_tensors, unpinned

if TYPE_CHECKING:
    import torch

    from grefine_core.clip.encoder import OpenClipEncoder

GROUP = "grefine.encoders"
"""Entry point group that these presets belong to."""
LOCAL = "local-dir:"
"""Before a folder's path, as in open_clip."""
CONFIG = "open_clip_config.json"
FORMS = (
    "`ARCH/TAG` of open_clip such as `ViT-B-32/laion2b_s34b_b79k`, `local-dir:FOLDER`, a folder, or a CLIP weights file"
)
"""What may be named besides installed presets, for messages."""
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
_WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)
"""Names that open_clip gives its weights, the preferred first."""
_TOKENIZER_FILES = ("*.json", "*.txt", "*.model")

_log = logging.getLogger(__name__)


def find(name: str) -> Preset | None:
    """Return the preset that a path or `arch/tag` stands for; None if the name has none of those forms."""
    path = Path(name.removeprefix(LOCAL)).expanduser()
    if name.startswith(LOCAL) or path.is_dir():
        summary = f"CLIP model of the folder {path}"
        return Preset(summary=summary, load=partial(_load_folder, path), files=lambda: [folder_weights(path)])
    if path.suffix in _SUFFIXES or path.is_file():
        summary = f"CLIP weights of the file {path}"
        return Preset(summary=summary, load=partial(_load_file, path), files=lambda: [unpinned(path)])
    arch, slash, tag = name.rpartition("/")
    return hub_preset(arch, tag) if slash and arch and tag else None


def hub_preset(arch: str, tag: str, *, summary: str = "", repo: str = "") -> Preset:
    """Return the preset of weights that open_clip knows by name.

    Args:
        arch: Architecture.
        tag: What it was trained on.
        summary: One line for listings.
        repo: Repository of the hub where it is known; else open_clip is asked.
    """
    return Preset(
        summary=summary or f"CLIP {arch}, weights {tag}, by open_clip",
        load=partial(_load_hub, arch, tag),
        files=lambda: [_hub_weights(repo + "/" if repo else _hub_of(arch, tag))],
    )


def _hub_of(arch: str, tag: str) -> str:
    from grefine_core.clip.models import find_pretrained

    return find_pretrained(arch, tag).hub


def _hub_weights(hub: str) -> WeightsFile:
    """Return the weights file of `org/repo/` or `org/repo/file`, safetensors where there are any."""
    repo, _, file = hub.rpartition("/")
    names = (_WEIGHTS[0], _WEIGHTS[2]) if not file else (str(Path(file).with_suffix(".safetensors")), file)
    return hub_file(repo, names)


def _load_hub(arch: str, tag: str, *, device: torch.device, dtype: torch.dtype) -> OpenClipEncoder:
    from grefine_core.clip.models import build_model, fill_model, find_pretrained, make_tokenizer, wrap

    found = find_pretrained(arch, tag)
    file = _hub_weights(found.hub)
    text = found.config["text_cfg"]
    tokenizer_name, text_model = text.get("hf_tokenizer_name"), text.get("hf_model_name")
    folder = str(hub_snapshot(tokenizer_name, _TOKENIZER_FILES)) if tokenizer_name else None
    if text_model:  # its config.json; transformers would fetch it by itself
        text["hf_model_name"] = str(hub_snapshot(text_model, _TOKENIZER_FILES))
    model = fill_model(build_model(found.config), file).to(device)
    name = f"open_clip:{found.arch}/{found.tag}"
    return wrap(
        model, make_tokenizer(text, folder=folder), name=name, normalisation=(found.mean, found.std), dtype=dtype
    )


def folder_weights(folder: Path) -> WeightsFile:
    """Return the weights file of a folder in open_clip's layout.

    Raises:
        WeightsError: If there is none; the message names what was looked for.
    """
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return unpinned(folder / name)
    raise WeightsError(f"The folder {folder} has no weights file {_WEIGHTS[0]} or {_WEIGHTS[2]}; put it there.")


def _load_folder(folder: Path, *, device: torch.device, dtype: torch.dtype) -> OpenClipEncoder:
    if not (folder / CONFIG).is_file():
        raise WeightsError(f"The folder {folder} has no {CONFIG}, which says what its weights are; put it there.")
    return _load_configured(folder, folder_weights(folder), device=device, dtype=dtype)


def _load_configured(folder: Path, file: WeightsFile, *, device: torch.device, dtype: torch.dtype) -> OpenClipEncoder:
    """Load weights as the configuration in a folder describes them; no file is looked for elsewhere."""
    from grefine_core.clip.models import build_model, fill_model, make_tokenizer, wrap

    config = _read_config(folder / CONFIG)
    model_config, images = config["model_cfg"], config.get("preprocess_cfg") or {}
    text = model_config["text_cfg"]
    if text.get("hf_model_name"):
        text["hf_model_name"] = str(folder)
    model = fill_model(build_model(model_config), file).to(device)
    tokenizer = make_tokenizer(text, folder=str(folder) if text.get("hf_tokenizer_name") else None)
    normalisation = images.get("mean"), images.get("std")
    return wrap(model, tokenizer, name=_file_name(file), normalisation=normalisation, dtype=dtype)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        model = config["model_cfg"]
        if not all(isinstance(model[key], Mapping) for key in ("vision_cfg", "text_cfg")):
            raise TypeError("vision_cfg and text_cfg must be objects")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} is no configuration of open_clip: {error!r}.") from error
    return config


def _load_file(path: Path, *, device: torch.device, dtype: torch.dtype) -> OpenClipEncoder:
    """Load a file as the configuration beside it says, or else as OpenAI's format."""
    from grefine_core.clip.models import build_model, make_tokenizer, wrap
    from grefine_core.clip.shapes import infer_config, openai_state

    file = unpinned(path)
    if (path.parent / CONFIG).is_file():
        return _load_configured(path.parent, file, device=device, dtype=dtype)
    state = openai_state(load_tensors(file))
    config = infer_config(state)
    _log.info("Taking %s for OpenAI's format, with QuickGELU; other weights need %s beside them.", path, CONFIG)
    model = build_model(config)
    try:
        model.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    except RuntimeError as error:
        raise WeightsError(f"Weights file {path} is no CLIP in OpenAI's format: {first_line(error)}.") from error
    tokenizer = make_tokenizer(config["text_cfg"])
    return wrap(model.to(device), tokenizer, name=_file_name(file), normalisation=(None, None), dtype=dtype)


def _file_name(file: WeightsFile) -> str:
    return f"file:{file.sha256[:16]}"


VIT_B_16 = hub_preset(
    "ViT-B-16",
    "openai",
    summary="OpenAI's CLIP ViT-B/16 with architecture surgery; 0.6 GB, downloaded once",
    repo="timm/vit_base_patch16_clip_224.openai",
)
VIT_L_14 = hub_preset(
    "ViT-L-14",
    "openai",
    summary="OpenAI's CLIP ViT-L/14 with architecture surgery; 1.7 GB, downloaded once",
    repo="timm/vit_large_patch14_clip_224.openai",
)
