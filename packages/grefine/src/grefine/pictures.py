"""Pictures for people: overlays of the maps, before beside after, each under a caption."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from grefine_core import fit_size, overlay, resize, to_pil

MAX_PANEL = 1600
"""Longer side in pixels; a picture for people needs no more, and two 100-megapixel overlays 5 GB."""
MIN_PANEL = 256
"""Smaller pictures are enlarged to it, or their caption could not be read."""
_GAP, _PADDING = 8, 6
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def draw_map(pixels: Tensor, values: Tensor, caption: str) -> Image.Image:
    """Draw one captioned panel: the heat of a map (H, W) over the image (1, 3, H, W)."""
    size = _panel_size(pixels)
    return _panel(overlay(resize(pixels, size)[0], resize(values[None, None], size)[0, 0]), caption)


def draw_image(pixels: Tensor, caption: str) -> Image.Image:
    """Draw one captioned panel of the image (1, 3, H, W)."""
    return _panel(to_pil(resize(pixels, _panel_size(pixels))), caption)


def side_by_side(panels: Sequence[Image.Image]) -> Image.Image:
    """Put panels next to one another on white."""
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, max(panel.height for panel in panels)), _PAPER)
    left = 0
    for panel in panels:
        sheet.paste(panel, (left, 0))
        left += panel.width + _GAP
    return sheet


def draw_mask(mask: Tensor) -> Image.Image:
    """Return a mask (H, W) in [0, 1] as an 8-bit gray picture of its size; white is changed, and only 0 is black."""
    mask = mask.clamp(min=1 / 255).where(mask > 0, mask)  # the faintest rim too may change, and must not round to 0
    return to_pil(mask.expand(3, -1, -1)).getchannel("R")


def _panel_size(pixels: Tensor) -> tuple[int, int]:
    height, width = pixels.shape[-2:]
    longer = min(max(height, width, MIN_PANEL), MAX_PANEL)
    return (height, width) if longer == max(height, width) else fit_size(height, width, longer=longer, multiple=1)


def _panel(image: Image.Image, caption: str) -> Image.Image:
    font = ImageFont.load_default(size=max(13, image.width // 36))
    left, top, right, bottom = font.getbbox(caption)
    band = int(bottom - top) + 2 * _PADDING
    panel = Image.new("RGB", (max(image.width, int(right - left) + 2 * _PADDING), image.height + band), _PAPER)
    ImageDraw.Draw(panel).text((_PADDING - left, _PADDING - top), caption, fill=_INK, font=font)
    panel.paste(image, (0, band))
    return panel
