"""Features of whole pictures on disk, so that each picture is encoded once per encoder.

A folder for each encoder holds small files of some pictures each. They are only ever added, each
whole or not at all, so a killed run loses at most the last few pictures and two runs may share a
folder. A picture is known by the digest of its file, wherever it lies; a cache file that is broken
or does not fit is passed over, and its pictures are encoded again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from grefine_core import Encoder, InputError, WeightsError, read_image, write_atomically
from grefine_core.downloads import cache_folder
from grefine_core.files import file_digest

FILE_PICTURES = 32
"""Pictures in a file: what a kill can lose."""
FORMAT_VERSION = 1
_HEADER = "pqmap"
_UNIT = 1e-3
"""How far the length of a feature may be from 1; float16 encoders come within it."""

_log = logging.getLogger(__name__)


class Feature(NamedTuple):
    """What is known of one picture."""

    digest: str
    """sha256 of its file: the same for copies under other names."""
    values: Tensor
    """Row 0 of the paper's F, shape (D,), float32, L2-normalised, on the CPU."""


def default_cache() -> Path:
    """Return the folder for features in the user's cache, which GREFINE_CACHE moves."""
    return cache_folder() / "features"


class FeatureCache:
    """Features by picture file; leave it as a context manager, so that the last ones are written."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        """Read what is there.

        Raises:
            InputError: If the folder cannot be made.
        """
        self._encoder = encoder
        self._model = {"encoder": encoder.name, "input_size": encoder.input_size, "version": FORMAT_VERSION}
        self._folder = folder / _folder_name(self._model)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The cache {self._folder} cannot be made: {error.strerror}.") from error
        self._known: dict[str, Tensor] = {}
        self._new: dict[str, Tensor] = {}
        for file in sorted(self._folder.glob("*.safetensors")):
            self._known |= self._read(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.flush()

    @property
    def folder(self) -> Path:
        """Where this encoder's files are."""
        return self._folder

    def feature(self, path: Path) -> Feature:
        """Return the feature of a picture, from the cache or by encoding it.

        Raises:
            InputError: If the file cannot be read as a picture, or the encoder makes something of it
                that is not finite.
        """
        digest = file_digest(path)
        if digest not in self._known:
            values = _encode(self._encoder, path)
            self._known[digest] = self._new[digest] = values
            if len(self._new) >= FILE_PICTURES:
                self.flush()
        return Feature(digest, self._known[digest])

    def flush(self) -> None:
        """Write the pictures that are in no file yet.

        Raises:
            InputError: If the folder cannot be written.
        """
        if not self._new:
            return
        from safetensors.torch import save

        features = torch.stack(list(self._new.values()))  # (n, D)
        header = {**self._model, "pictures": list(self._new), "sha256": _tensor_digest(features)}
        name = hashlib.sha256(json.dumps(header).encode()).hexdigest()[:32]
        block = save({"features": features}, metadata={_HEADER: json.dumps(header)})
        write_atomically(self._folder / f"{name}.safetensors", lambda file: file.write(block))
        self._new = {}

    def _read(self, file: Path) -> dict[str, Tensor]:
        """Return the features of one file; none where it is broken or made otherwise."""
        try:
            header, features = _load(file)
        except WeightsError as error:
            _log.warning("%s Its pictures are encoded again.", error)
            return {}
        if any(header.get(key) != value for key, value in self._model.items()):
            return {}
        return dict(zip(header["pictures"], features, strict=True))


def _load(file: Path) -> tuple[dict[str, Any], Tensor]:
    """Return the header and the features (n, D) of a file whose content is what was written."""
    from safetensors import safe_open

    try:
        with safe_open(file, framework="pt") as reader:
            header: dict[str, Any] = json.loads(reader.metadata()[_HEADER])
            features: Tensor = reader.get_tensor("features")
        sound = header["sha256"] == _tensor_digest(features) and len(header["pictures"]) == len(features)
    except Exception as error:  # the reader's own error type is no part of its stable interface
        raise WeightsError(f"The cache file {file} cannot be read: {error}.") from error
    if not (sound and features.ndim == 2 and ((features.norm(dim=1) - 1).abs() < _UNIT).all()):  # nan fails here too
        raise WeightsError(f"The cache file {file} is damaged.")
    return header, features


def _encode(encoder: Encoder, path: Path) -> Tensor:
    with torch.inference_mode():
        pixels = read_image(path).pixels.to(encoder.device)
        values = encoder.encode_image(pixels).global_[0].float().cpu()  # (D,)
    if not values.isfinite().all():
        raise InputError(f"The encoder `{encoder.name}` gave no finite features for {path}.")
    return values.clone()  # made here, outside of inference mode, so that a fit may use it


def _folder_name(model: dict[str, object]) -> str:
    """Return a name that can be read and that no other encoder has."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", str(model["encoder"]))[:60].strip("-.")
    return f"{readable}-{hashlib.sha256(json.dumps(model).encode()).hexdigest()[:12]}"


def _tensor_digest(values: Tensor) -> str:
    return hashlib.sha256(values.contiguous().numpy().tobytes()).hexdigest()
