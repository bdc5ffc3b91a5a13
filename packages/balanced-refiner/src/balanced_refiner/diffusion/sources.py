"""Where a diffusers model is: a folder, one file, or a repository of the hub; found before anything is loaded.

Nothing here imports diffusers. A local path never asks the hub, and a repository that is in the hub's
cache is taken from there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grefine_core import InputError, WeightsError
from grefine_core.downloads import first_line, hub_folder, offline

FORMS = "a diffusers folder, a .safetensors file, or a repository of the hub such as `ORG/NAME`"
"""What may be named, for messages."""
INDEX = "model_index.json"
"""What makes a folder a pipeline of diffusers."""
CONTROLNET_INDEX = "config.json"

EDITORS = ("StableDiffusionUpscalePipeline", "StableDiffusionInstructPix2PixPipeline")
"""Classes of diffusers that make a new picture of a whole one and a text."""

_PREFIXES = {"StableDiffusion": "Stable Diffusion 1 and 2", "StableDiffusionXL": "Stable Diffusion XL"}
OPENED_AS = {
    prefix + kind: prefix + opened
    for prefix in _PREFIXES
    for kind, opened in (
        ("Pipeline", "InpaintPipeline"),  # text to image: the same parts
        ("InpaintPipeline", "InpaintPipeline"),
        ("Img2ImgPipeline", "Img2ImgPipeline"),
        ("ControlNetPipeline", "ControlNetInpaintPipeline"),
        ("ControlNetInpaintPipeline", "ControlNetInpaintPipeline"),
        ("ControlNetImg2ImgPipeline", "ControlNetImg2ImgPipeline"),
    )
}
"""Classes of diffusers that are accepted, and the class that each is opened as."""

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_WEIGHTED = ("unet", "vae", "text_encoder", "text_encoder_2", "image_encoder", "controlnet")
_UNUSED = ("safety_checker", "feature_extractor")
"""Parts that are neither loaded nor downloaded."""
_SMALL = (".json", ".txt")
_HALF = "fp16"
"""Variant of weights that hold half as many bytes."""
_SHA256 = re.compile(r"[0-9a-f]{64}")

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a model_index.json says."""

    pipeline: str
    """Name of the pipeline's class."""
    parts: tuple[str, ...]
    """Folders of its parts, without those that are not used."""


def is_repository(source: str) -> bool:
    """Say whether a name has the form of a hub repository and is no path that exists."""
    return bool(_REPOSITORY.fullmatch(source)) and not Path(source).expanduser().exists()


def resolve(
    source: str, *, half: bool = False, index: str = INDEX, accepts: Callable[[str, object], str] | None = None
) -> Path:
    """Return the folder or file of a source, downloaded where it is a repository that is not there yet.

    Args:
        source: See `FORMS`.
        half: Download half precision where the repository has it.
        index: The file that a repository must have.
        accepts: Returns the class that one of a pipeline is opened as, or refuses it; `opened_as` by default.

    Raises:
        InputError: If the source has none of the forms, or a repository no index.
        WeightsError: If a repository is absent while offline, or cannot be downloaded.
    """
    path = Path(source).expanduser()
    if path.exists():
        return path
    if not _REPOSITORY.fullmatch(source):
        raise InputError(f"The model `{source}` does not exist; a model is {FORMS}.")
    return cached(source, index) or _download(source, index, half=half, accepts=accepts or opened_as)


def cached(repo: str, index: str = INDEX) -> Path | None:
    """Return a repository's folder in the hub's cache; None unless all its parts are there."""
    store = repository_folder(repo)
    branch = store / "refs" / "main"
    if not branch.is_file():
        return None
    folder = store / "snapshots" / branch.read_text(encoding="utf-8").strip()
    if not (folder / index).is_file():
        return None
    parts = [folder] if index != INDEX else [folder / part for part in read_layout(folder).parts if part in _WEIGHTED]
    return folder if all(part.is_dir() and list(part.glob("*.safetensors")) for part in parts) else None


def repository_folder(repo: str) -> Path:
    """Return where the hub's cache has, or would have, a repository."""
    return hub_folder() / f"models--{repo.replace('/', '--')}"


def read_layout(folder: Path) -> Layout:
    """Read what a folder of diffusers holds.

    Raises:
        InputError: If it has no model_index.json, or one of another kind.
    """
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        name = index["_class_name"]
    except FileNotFoundError as error:
        raise InputError(f"The folder {folder} has no {INDEX}, so it is no pipeline of diffusers.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / INDEX} is no index of diffusers: {error!r}.") from error
    if not isinstance(name, str):  # a class in a Python file beside it
        raise InputError(f"{folder / INDEX} names code of its own ({name}), which is not run.")
    parts = (key for key, value in index.items() if isinstance(value, list) and value[0] is not None)
    return Layout(pipeline=name, parts=tuple(part for part in parts if part not in _UNUSED))


def opened_as(pipeline: str, where: object) -> str:
    """Return the class that a pipeline of a class is opened as.

    Raises:
        InputError: If it is none that can repaint parts of a picture here.
    """
    if pipeline not in OPENED_AS:
        raise InputError(
            f"The model {where} is a {pipeline}; accepted are text-to-image, img2img and inpainting pipelines of "
            f"{' and '.join(_PREFIXES.values())}, with or without a ControlNet."
        )
    return OPENED_AS[pipeline]


def edited_as(pipeline: str, where: object) -> str:
    """Return the class of a pipeline that edits whole pictures: its own.

    Raises:
        InputError: If it is another.
    """
    if pipeline not in EDITORS:
        raise InputError(f"The model {where} is a {pipeline}; accepted are {' and '.join(EDITORS)}.")
    return pipeline


def check_parts(folder: Path, layout: Layout) -> None:
    """Refuse a folder that lacks a part, or has one in no safe format.

    Raises:
        WeightsError: If so; the message names it.
    """
    for part in layout.parts:
        if not (folder / part).is_dir():
            raise WeightsError(f"The model in {folder} has no folder `{part}`, which its {INDEX} names.")
        if part in _WEIGHTED and not list((folder / part).glob("*.safetensors")):
            raise WeightsError(
                f"The model in {folder} has no .safetensors file in `{part}`; pickled weights are not loaded."
            )


def variant(folder: Path, part: str = "unet") -> str | None:
    """Return the variant of a folder's weights that must be named to load them; None for the plain ones."""
    names = [path.name for path in (folder / part).glob("*.safetensors")]
    return _HALF if names and all(f".{_HALF}." in name for name in names) else None


def weight_paths(path: Path) -> list[Path]:
    """Return the weights files that are loaded from a folder or file, part by part."""
    if path.is_file():
        return [path]
    folders = [path / part for part in read_layout(path).parts if part in _WEIGHTED]
    names = ((folder, sorted(file.name for file in folder.glob("*.safetensors"))) for folder in folders)
    return [folder / name for folder, found in names for name in _one_variant(found, half=False)]


def promised_digest(path: Path) -> str | None:
    """Return the sha256 that the hub says a cached file has; None where nobody says."""
    name = path.resolve().name  # the cache keeps large files under their digest and links to them
    return name if _SHA256.fullmatch(name) else None


def choose_files(files: Sequence[str], layout: Layout, *, half: bool) -> list[str]:
    """Return which files of a repository are needed: small ones, and one variant of each part's weights."""
    wanted = [INDEX]
    for part in layout.parts:
        own = [file for file in files if file.startswith(f"{part}/")]
        wanted += [file for file in own if file.endswith(_SMALL)]
        wanted += _one_variant([file for file in own if file.endswith(".safetensors")], half=half)
    return wanted


def _one_variant(weights: list[str], *, half: bool) -> list[str]:
    halves = [file for file in weights if f".{_HALF}." in file or f".{_HALF}-" in file]
    plain = [file for file in weights if "." not in Path(file).name.removesuffix(".safetensors")]
    return (halves or plain) if half else (plain or halves)


def _download(repo: str, index: str, *, half: bool, accepts: Callable[[str, object], str]) -> Path:
    """Download a repository's index, look at it, and then what it needs."""
    if offline():
        raise WeightsError(_absent(repo, index))

    def fetch(files: Iterable[str], revision: str | None = None) -> Path:
        return Path(
            hub.snapshot_download(
                repo, revision=revision, allow_patterns=list(files), cache_dir=hub_folder(), endpoint=endpoint
            )
        )

    endpoint = os.environ.get("HF_ENDPOINT") or None
    hub = _hub_library()
    folder = _asked(repo, index, lambda: fetch([index]))
    if not (folder / index).is_file():
        raise InputError(f"The hub's repository {repo} has no {index}, so it is no model of diffusers.")
    if index == INDEX:
        accepts(read_layout(folder).pipeline, repo)  # before gigabytes of it come
    listed = _asked(repo, index, lambda: hub.HfApi(endpoint=endpoint).list_repo_files(repo, revision=folder.name))
    if index == INDEX:
        files = choose_files(listed, read_layout(folder), half=half)
    else:
        own = [file for file in listed if "/" not in file and file.endswith(".safetensors")]
        files = [index, *_one_variant(own, half=half)]
    return _asked(repo, index, lambda: fetch(files, folder.name))


def _asked(repo: str, index: str, ask: Callable[[], _T]) -> _T:
    """Return what the hub answers.

    Raises:
        WeightsError: If it does not.
    """
    try:
        return ask()
    except Exception as error:  # the hub's library raises those of several network libraries
        raise WeightsError(_absent(repo, index, reason=first_line(error))) from error


def small_files(repo: str) -> Path:
    """Return a folder with the small files of a repository, those that describe its parts.

    Raises:
        WeightsError: If they are absent while offline, or cannot be downloaded.
    """
    hub = _hub_library()
    try:
        folder = hub.snapshot_download(
            repo,
            allow_patterns=["*.json", "*.txt"],
            cache_dir=hub_folder(),
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            local_files_only=offline(),
        )
    except Exception as error:
        raise WeightsError(
            f"A model in one file is described by the small files of {repo}, which are not there "
            f"({first_line(error)}); get them with `hf download {repo} --include '*.json' --include '*.txt'`, "
            "or name a diffusers folder that has them as the option `config`."
        ) from error
    return Path(folder)


def _absent(repo: str, index: str, *, reason: str = "") -> str:
    """Return the sentence about a repository that is not there and how to get it."""
    why = f"cannot be downloaded ({reason})" if reason else "is not downloaded, and HF_HUB_OFFLINE is set"
    weights = "*/*.safetensors" if index == INDEX else "*.safetensors"  # not the same once more in one file
    wanted = f"--include '*.json' --include '*.txt' --include '{weights}'"
    return (
        f"The model {repo} {why}, and no folder has that name; get it with `hf download {repo} {wanted}` where there "
        "is a network, or name a diffusers folder."
    )


def _hub_library() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise InputError(
            "Downloads from the hub need huggingface_hub; install it with `pip install 'balanced-refiner[diffusers]'`."
        ) from error
    return huggingface_hub
