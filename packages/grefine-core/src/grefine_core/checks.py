"""Checks at the door, with one wording for all packages."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from grefine_core.errors import InputError

MAX_PROMPT_CHARACTERS = 20_000
"""Longer texts are no prompts; a parser could take minutes over them."""


def check_images(pixels: Tensor) -> None:
    """Refuse anything but floating RGB images (B, 3, H, W) in [0, 1].

    Raises:
        InputError: If shape, dtype or a value (nan included) breaks the rule.
    """
    if pixels.ndim != 4 or pixels.shape[1] != 3 or 0 in pixels.shape:
        raise InputError(f"`images` must have shape (B, 3, H, W), got {tuple(pixels.shape)}.")
    if not pixels.is_floating_point():
        raise InputError(f"`images` must be floating in [0, 1], got {pixels.dtype}; divide bytes by 255.")
    if not ((pixels >= 0) & (pixels <= 1)).all():  # nan fails here too
        raise InputError("`images` must lie in [0, 1] and hold no nan; were bytes or normalised values passed?")


def check_map(name: str, values: Tensor) -> None:
    """Refuse anything but one floating map (H, W) in [0, 1].

    Raises:
        InputError: If shape or a value (nan included) breaks the rule.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(f"`{name}` must have shape (H, W), got {tuple(values.shape)}.")
    if not values.is_floating_point() or not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"`{name}` must be floating in [0, 1] and hold no nan.")


def check_prompt(prompt: str) -> str:
    """Return the prompt if it says anything.

    Raises:
        InputError: If it is empty or blank, or longer than `MAX_PROMPT_CHARACTERS`.
    """
    if not prompt.strip():
        raise InputError("The prompt is empty; say what the picture should show.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise InputError(f"The prompt must have at most {MAX_PROMPT_CHARACTERS} characters, got {len(prompt)}.")
    return prompt


def check_output_folder(folder: Path) -> Path:
    """Make the folder if need be and return it, proven writable before any costly work.

    Raises:
        InputError: If it is a file, cannot be made, or cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"The output folder {folder} is a file.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".grefine-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"The output folder {folder} cannot be written: {error.strerror}.") from error
    return folder
