"""The samples of a picture in the mode of its own file, and how a result is brought back into it.

A result lives in sRGB (`images`). Wherever it equals the source, the file's own samples are taken, so
that no profile, palette or bit depth can move them; changed pixels go back through the profile.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from grefine_core.errors import InputError
from grefine_core.images import DEEP_MODES, Picture, to_pil, to_srgb

BAND = 1 << 22
"""Pixels that are converted at a time: some tens of megabytes, whatever the size of the picture."""
_LUMA = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
"""ITU-R BT.601, as Pillow makes gray of colours."""


def kept_mode(mode: str, *, transparent: bool) -> str:
    """Return the mode that takes new values and loses none of those that a file of `mode` has.

    Gray stays gray, at its depth; palettes become colours; transparency becomes an alpha band.
    """
    if mode in DEEP_MODES:
        return "I;16" if mode.startswith("I;16") else mode
    if mode in {"1", "L", "LA", "La"}:
        return "LA" if transparent else "L"
    if mode == "CMYK":
        return mode
    return "RGBA" if transparent else "RGB"


def read_samples(path: Path, mode: str | None = None) -> Image.Image:
    """Return the first frame of a file, upright, in its `kept_mode`, or in another mode that can hold it.

    Its `info` keeps `icc_profile` and, of deep gray, `transparency`.

    Args:
        path: A file that `read_image` has accepted.
        mode: `RGB` or `RGBA` for gray and CMYK; CMYK goes through its profile then, which is dropped.

    Raises:
        InputError: If it cannot be read, or the mode cannot hold it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and big pictures
            with Image.open(path) as image:
                profile = image.info.get("icc_profile")
                ImageOps.exif_transpose(image, in_place=True)
                image.load()
                return _in_mode(image, mode, profile)
    except InputError:
        raise
    except Exception as error:  # decoders raise what they like
        raise InputError(f"{path} is damaged or cannot be read: {str(error).rstrip('.')}.") from error


def _in_mode(image: Image.Image, mode: str | None, profile: bytes | None) -> Image.Image:
    kept = kept_mode(image.mode, transparent=image.has_transparency_data)
    mode = mode or kept
    info: dict[str | tuple[int, int], Any] = {"icc_profile": profile} if profile else {}
    if kept == "CMYK" and mode != kept:
        image, info = to_srgb(image, profile), {}
    elif kept == "I;16" and image.mode != kept:
        image = Image.fromarray(np.asarray(image).astype(np.uint16))
    if kept in DEEP_MODES and mode != kept:
        raise InputError(f"Gray of more than 8 bits cannot be kept in the mode {mode}.")
    if kept in DEEP_MODES and image.info.get("transparency") is not None:
        info["transparency"] = image.info["transparency"]
    # a copy, as an image that still knows its file is saved with that file's tags in the place of given ones
    image = image.copy() if image.mode == mode else image.convert(mode)
    image.info = info
    return image


class SampleMerger:
    """Bring a result into the samples of its source.

    Args:
        picture: The source as it was read.
        image: Its samples, as `read_samples` gives them; they are written over.
    """

    def __init__(self, picture: Picture, image: Image.Image) -> None:
        self._picture, self._image = picture, image
        self._transform = _back_to(image.info.get("icc_profile"), image.mode)
        self.changed: NDArray[np.bool_] = np.zeros(picture.size, bool)
        """Where `merge` has put new values."""

    def merge(self, pixels: Tensor) -> Image.Image:
        """Return the samples with the changed pixels of `pixels`, (1, 3, H, W), in their places.

        A pixel counts as changed if it differs at the depth of the file.

        Raises:
            InputError: If a value is nan.
        """
        if self._image.mode in DEEP_MODES:
            return self._merge_deep(pixels)
        for rows in _bands(self._picture.size):
            new = pixels[0, :, rows].detach().float().cpu()
            changed = self._changed(new, rows, 255)
            self.changed[rows] = changed.numpy()
            if changed.any():
                band = self._converted(self._straight(new, rows))
                if self._picture.alpha is not None:
                    box = (0, rows.start, self._image.width, rows.stop)
                    band.putalpha(self._image.crop(box).getchannel("A"))
                self._image.paste(band, (0, rows.start), Image.fromarray(changed.numpy()))
        return self._image

    def _changed(self, new: Tensor, rows: slice, white: int) -> Tensor:
        """Return where a band (3, h, W) shows another colour than the source: (h, W), bool."""
        old = self._picture.pixels[0, :, rows]
        changed = ((new * white).round() != (old * white).round()).any(0)
        if self._picture.alpha is not None:
            changed &= self._picture.alpha[0, 0, rows] > 0  # what nobody sees stays
        return changed

    def _straight(self, new: Tensor, rows: slice) -> Tensor:
        """Return the colours that show `new`, (3, h, W), when the picture is laid on white."""
        if self._picture.alpha is None:
            return new
        alpha = self._picture.alpha[0, :, rows]
        return ((new - (1 - alpha)) / alpha.clamp(min=1 / 255)).clamp(0, 1)

    def _converted(self, colours: Tensor) -> Image.Image:
        """Return a band (3, h, W) of sRGB in the mode of the file, its alpha band aside."""
        band = to_pil(colours)
        if self._transform is not None:
            converted = ImageCms.applyTransform(band, self._transform)
            if converted is not None:
                return converted
        mode = self._image.mode
        return band.convert({"LA": "L", "RGBA": "RGB"}.get(mode, mode))

    def _merge_deep(self, pixels: Tensor) -> Image.Image:
        info, white = self._image.info, DEEP_MODES[self._image.mode]
        values: NDArray[np.generic] = np.array(self._image)
        key = info.get("transparency")
        for rows in _bands(self._picture.size):
            new = pixels[0, :, rows].detach().float().cpu()
            if new.isnan().any():
                raise InputError("The pixels to be written hold nan.")
            changed = self._changed(new, rows, 65535).numpy()
            gray = (self._straight(new, rows) * _LUMA).sum(0).clamp(0, 1).double().numpy() * white
            gray = gray if white == 1 else np.rint(gray)
            if key is not None:
                gray[gray == key] += 1 if key < white else -1  # or the pixel would vanish
            values[rows][changed] = gray[changed].astype(values.dtype)
        image = Image.fromarray(values)
        image.info = info
        return image


def _bands(size: tuple[int, int]) -> Iterator[slice]:
    height, width = size
    step = max(1, BAND // width)
    for start in range(0, height, step):
        yield slice(start, min(height, start + step))


def _back_to(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from sRGB to samples of a profile, None where reading took no way through it."""
    if not profile or mode == "LA":  # gray with alpha is read as RGBA, to which no gray profile applies
        return None
    try:
        target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        bands = "RGB" if mode == "RGBA" else mode
        return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), target, "RGB", bands)
    except (ImageCms.PyCMSError, OSError):
        return None
