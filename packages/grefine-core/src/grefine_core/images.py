"""Pictures from files to tensors and back: the one place that knows of modes, EXIF and ICC.

Inside, a picture is (1, 3, H, W), float32, sRGB, [0, 1]. What a file carries beyond that (alpha,
ICC profile, EXIF, text, format) is kept beside it, so that a result can be written like its source.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from grefine_core.checks import check_images
from grefine_core.errors import InputError
from grefine_core.files import write_atomically

MAX_PIXELS = 100_000_000
"""Default size limit: 100 megapixels as float32 RGB are 1.2 GB."""
DEEP_MODES = {"I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I;16N": 65535, "I": 65535, "F": 1}
"""Gray modes deeper than 8 bits and their white; PIL's own conversion would clip at 255, not scale."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture and what its file said beside the pixels."""

    pixels: Tensor
    """Shape (1, 3, H, W), float32 in [0, 1], sRGB, upright, flattened on white."""
    alpha: Tensor | None = None
    """Shape (1, 1, H, W), float32 in [0, 1], where the file had transparency."""
    straight: Tensor | None = None
    """Shape (1, 3, H, W), float32 in [0, 1], sRGB: the colours before they were flattened, where there is alpha."""
    path: Path | None = None
    format: str = "PNG"
    exif: bytes = b""
    """EXIF block with the orientation reset, since the pixels are upright."""
    text: dict[str, str] = field(default_factory=dict)
    """PNG text chunks, where generators store the prompt."""
    stamp: tuple[int, int] | None = None
    """Size and time of change of the file when it was read, so that a result is not written like another one."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]


def read_image(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read any picture that Pillow knows: the first frame, upright, in sRGB.

    Gray keeps 16 bits; Pillow itself brings 16-bit colours to 8.

    Raises:
        InputError: If the file is missing, a folder, empty, no picture, truncated, or has more
            than `max_pixels` pixels, or gray values outside the range of its kind.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a picture.")
    if not path.is_file():
        raise InputError(f"{path} does not exist.")
    found = path.stat()
    if found.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes).")
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata and big pictures; strict programs would fail on readable files
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if image.width * image.height > max_pixels:
                    raise InputError(
                        f"{path} has {image.width} x {image.height} pixels; the limit is {max_pixels} in all."
                    )
                image.load()
                return replace(from_pil(image, path=path), stamp=(found.st_size, found.st_mtime_ns))
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture that can be read.") from error
    except Image.DecompressionBombError as error:  # no OSError: it would end a whole run
        raise InputError(f"{path} has too many pixels: {error}.") from error
    except InputError:
        raise
    except Exception as error:  # decoders raise what they like: OSError, SyntaxError, RuntimeError, ...
        raise InputError(f"{path} is damaged or truncated: {str(error).rstrip('.')}.") from error


def from_pil(image: Image.Image, *, path: Path | None = None) -> Picture:
    """Return the picture that a PIL image shows, whatever its mode.

    Raises:
        InputError: If it has deep gray values outside [0, 65535], or outside [0, 1] where floating.
    """
    format_ = image.format or "PNG"
    keys = list(getattr(image, "text", {}))  # of PNG only; `info` holds more strings, such as a compression
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    # read behind the transposition, which takes the orientation out of EXIF and XMP alike
    text = {key: image.info[key] for key in keys if isinstance(image.info.get(key), str)}
    exif = image.getexif().tobytes() if len(image.getexif()) else b""
    pixels, alpha = _deep_gray(image, path) if image.mode in DEEP_MODES else _colours(image, profile)
    straight = None
    if alpha is not None:
        straight, pixels = pixels, pixels * alpha + (1 - alpha)
    return Picture(pixels=pixels, alpha=alpha, straight=straight, path=path, format=format_, exif=exif, text=text)


def _deep_gray(image: Image.Image, path: Path | None) -> tuple[Tensor, Tensor | None]:
    """Return (1, 3, H, W) in [0, 1], and (1, 1, H, W) where one value is declared transparent."""
    values, white = np.asarray(image).astype(np.float32), DEEP_MODES[image.mode]
    if not ((values >= 0) & (values <= white)).all():  # nan fails here too; clipping would hide the mistake
        raise InputError(f"{path or 'The picture'} has gray values outside [0, {white}], or nan; scale them first.")
    gray = torch.from_numpy(values / np.float32(white))
    transparent = image.info.get("transparency")
    alpha = None if transparent is None else torch.from_numpy((values != transparent).astype(np.float32))[None, None]
    return gray.expand(1, 3, -1, -1).clone(), alpha


def _colours(image: Image.Image, profile: bytes | None) -> tuple[Tensor, Tensor | None]:
    """Return (1, 3, H, W) in sRGB and, where there is transparency, (1, 1, H, W); both in [0, 1]."""
    alpha = None
    if image.has_transparency_data:
        image = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")  # La knows no other way
        alpha = _tensor(image.getchannel("A"))
    return _tensor(to_srgb(image, profile)), alpha


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert any 8-bit mode to sRGB, through the ICC profile where it can be used."""
    if image.mode in {"P", "1"}:
        image = image.convert("RGB")
    if profile and image.mode in {"RGB", "RGBA", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken or foreign profile: the plain conversion is the best guess
        if converted is not None:
            return converted
    return image.convert("RGB")


def _tensor(image: Image.Image) -> Tensor:
    """Return (1, C, H, W) float32 in [0, 1] of an 8-bit image with C bands."""
    array = np.array(image, np.uint8)
    array = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(array).permute(2, 0, 1)[None].float().div_(255)  # in place: big pictures fill the memory


def to_pil(pixels: Tensor) -> Image.Image:
    """Return an 8-bit RGB image of (3, H, W) or (1, 3, H, W) in [0, 1]; a byte maps to itself.

    Raises:
        InputError: If a value is nan, which has no colour; others are clamped.
    """
    if pixels.isnan().any():
        raise InputError("The pixels to be written hold nan.")
    array = pixels.detach().float().cpu().reshape(3, *pixels.shape[-2:]).clamp(0, 1)
    return Image.fromarray((array * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def write_image(path: Path, pixels: Tensor, *, like: Picture | None = None, receipt: str = "") -> Path:
    """Write (1, 3, H, W), whole or not at all.

    With a picture that was read from a file, the result is like that file, in the format that the
    suffix of `path` names (`plan_output` says which suits): the file's own mode, depth and profile, its
    own samples wherever the result equals it, its EXIF, XMP, text and resolution. Else it is a PNG,
    with alpha, EXIF and text of `like`.

    Where `like` has alpha, `pixels` are taken as flattened on white, as its own are. Those that are
    unchanged, and those that nobody sees, get their colour of the source; a changed one gets the
    colour that shows it on white, as nearly as its alpha allows.

    Args:
        path: Where to.
        pixels: Shape (1, 3, H, W), floating, sRGB; values outside [0, 1] are clamped.
        like: The source.
        receipt: Appended where the format has a place: PNG text `grefine`, XMP in TIFF, WebP and JPEG.

    Raises:
        InputError: If the size differs from `like`, its file was changed since, the format cannot
            hold its samples, a value is nan, or the file cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    if like is not None and like.size != tuple(pixels.shape[-2:]):
        raise InputError(f"The result has size {tuple(pixels.shape[-2:])}, its source {like.size}; both must agree.")
    if like is not None and like.path is not None:
        from grefine_core.picture_writer import write_like

        return write_like(path, pixels, like, receipt=receipt)
    image = to_pil(pixels) if like is None or like.alpha is None else _with_alpha(pixels, like, like.alpha)
    info = PngInfo()
    options: dict[str, bytes] = {}
    if like is not None:
        for key, value in like.text.items():
            info.add_text(key, value)  # tEXt where Latin-1 will do, as more readers know it, else iTXt
        options = {"exif": like.exif} if like.exif else {}
    if receipt:
        info.add_text("grefine", receipt)
    return write_atomically(path, lambda file: image.save(file, "PNG", pnginfo=info, **options))


def _with_alpha(pixels: Tensor, like: Picture, alpha: Tensor) -> Image.Image:
    """Return an RGBA image that shows `pixels` when it is laid on white."""
    levels = (alpha * 255).round()
    alpha = levels / 255  # as the file will have it
    pixels = pixels.detach().float().cpu().reshape(1, 3, *like.size)
    colours = (pixels - (1 - alpha)) / alpha.clamp(min=1 / 255)
    source, kept = like.straight, alpha == 0
    if source is None:
        source = like.pixels
    else:
        kept = kept | (pixels == like.pixels).all(1, keepdim=True)
    image = to_pil(torch.where(kept, source, colours))
    image.putalpha(Image.fromarray(levels[0, 0].to(torch.uint8).numpy()))
    return image


def fit_size(height: int, width: int, *, longer: int, multiple: int) -> tuple[int, int]:
    """Return (height, width) with the longer side at `longer`, the aspect kept, in multiples."""
    scale = longer / max(height, width)
    fitted = (max(1, round(side * scale / multiple)) * multiple for side in (height, width))
    return next(fitted), next(fitted)


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample (B, C, H, W) in [0, 1] to a size: bicubic, antialiased, clamped (it overshoots)."""
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    out = functional.interpolate(pixels, size=size, mode="bicubic", antialias=True, align_corners=False)
    return out.clamp(0, 1)


ImageInput = str | Path | Picture | Image.Image | Tensor
"""A file, a read picture, a PIL image of any mode, or pixels (3, H, W) or (1, 3, H, W) in [0, 1]."""


def as_pixels(image: ImageInput) -> Tensor:
    """Return one image as (1, 3, H, W), float32 in [0, 1].

    Raises:
        InputError: If it is nothing of `ImageInput`, cannot be read, or is more than one image.
    """
    if isinstance(image, str | Path):
        image = read_image(image)
    elif isinstance(image, Image.Image):
        image = from_pil(image)
    pixels = image.pixels if isinstance(image, Picture) else image
    if not isinstance(pixels, Tensor):
        raise InputError(f"An image must be a path, Picture, PIL image or tensor, got {type(pixels).__name__}.")
    pixels = pixels[None] if pixels.ndim == 3 else pixels
    check_images(pixels)
    if len(pixels) != 1:
        raise InputError(f"One image has shape (3, H, W) or (1, 3, H, W), got {tuple(pixels.shape)}.")
    return pixels.float()
