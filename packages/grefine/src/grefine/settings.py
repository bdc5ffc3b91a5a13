"""Settings of a run: defaults, then a TOML file, then flags; the later wins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET

Value = str | int | float | bool
"""What a setting may be; TOML tables, lists and dates are none of them."""

MAX_STEPS = 1000
"""Diffusion models are trained with 1000 noise levels; more steps would repeat some."""
MAX_SEED = 2**63 - 1
"""Largest seed that a torch generator takes."""
MAX_ROUNDS = 100
"""Each round costs a repair and an assessment of every region; one that helps nothing ends them anyway."""
CHOICES = {
    "mask": ("otsu", "fixed", "quantile", "soft"),
    "order": ("worst", "largest", "reading"),
    "mild_pass": ("auto", "always", "never"),
    "format": ("exact", "keep"),
}
"""What the settings of this kind may be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a result beside the picture and its prompt."""

    preset: str = DEFAULT_PRESET
    """Encoder and text pairs, for both assessors."""
    parser: str = DEFAULT_PRESET
    """Parser of the prompt."""
    diffusion: str = DEFAULT_PRESET
    """Inpainting model of the refiner: a preset, a diffusers folder, a .safetensors file or a hub repository."""
    device: str = "auto"
    """A torch device, or `auto`: CUDA, then MPS, then the CPU."""
    dtype: str = "auto"
    """Number type of a diffusion model that is no pack: `auto`, `float32`, `float16` or `bfloat16`."""
    offload: str = "none"
    """Where its weights wait: `none` for on the device, `model`, `sequential` or `group` for on the CPU."""
    vae_tiling: bool = False
    """Encode and decode in tiles, which takes less memory."""
    compile: bool = False
    """Compile its UNet: a slow first step, faster ones after it."""
    seed: int = 0
    """Seed of the refiner's noise; the same seed gives the same picture."""
    steps: int = 20
    """Denoising steps of both stages together, n1 + n2 of eq. (10)."""
    guard: bool = True
    """Keep a change only if the scores do not fall; off reproduces the paper."""
    literal: bool = False
    """Use eq. (6) and (9) as they are printed, not as the text around them explains them."""
    mask: str = "otsu"
    """How defects are cut out of the maps: `otsu`, `fixed` or `quantile`; `soft` does not cut but
    repaints each pixel as strongly as its own deficit asks."""
    threshold: float = 0.5
    """Deficit `(1 - P) + (1 - A)` below which a pixel is never repaired, in (0, 2]."""
    min_area: float = 0.001
    """Share of the picture below which a defect is left alone, in [0, 1)."""
    rounds: int = 1
    """Times that regions are looked for and repaired at most."""
    max_regions: int = 8
    """Regions repaired in a round at most, the worst ones."""
    order: str = "worst"
    """Order of repair: `worst`, `largest` or `reading` (row by row)."""
    strength: float = 0.0
    """Strength of the repairs, in [0, 1]; 0 takes it from the scores, as eq. (9) does."""
    mild_pass: str = "auto"
    """Whether stage 2 runs: `auto` if a repair was kept and its model does good pixels no harm, `always`, `never`."""
    stage2: str = ""
    """Model of stage 2: one as `diffusion` names it, or the file of a restoration model; empty for that of stage 1."""
    locked: str = ""
    """Mask file of the pixels that must not change, white or painted, as large as the picture; empty for none."""
    format: str = "exact"
    """`exact`: a format that keeps every unchanged pixel, PNG for JPEG and AVIF; `keep`: JPEG stays JPEG."""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"`{name}` must be one of {', '.join(choices)}, got `{getattr(self, name)}`.")
        self._check_ranges()

    def _check_ranges(self) -> None:
        if not 2 <= self.steps <= MAX_STEPS:
            raise InputError(f"`steps` must lie in 2 ... {MAX_STEPS}, half for each stage, got {self.steps}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"`seed` must lie in 0 ... 2^63 - 1, got {self.seed}.")
        if not 0 < self.threshold <= 2:  # nan fails here and below, too
            raise InputError(f"`threshold` must lie in (0, 2], got {self.threshold}.")
        if not 0 <= self.min_area < 1:
            raise InputError(f"`min_area` must lie in [0, 1), got {self.min_area}.")
        if not 0 <= self.strength <= 1:
            raise InputError(f"`strength` must lie in [0, 1], got {self.strength}.")
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise InputError(f"`rounds` must lie in 1 ... {MAX_ROUNDS}, got {self.rounds}.")
        if self.max_regions < 1:
            raise InputError(f"`max_regions` must be at least 1, got {self.max_regions}.")

    def to_json(self) -> dict[str, Value]:
        """Return the settings by name."""
        return asdict(self)


def load_settings(config: Path | None = None, flags: Mapping[str, Value | None] | None = None) -> Settings:
    """Return the defaults, overridden by the TOML file, overridden by every flag that is not None.

    Raises:
        InputError: If the file is absent or no TOML, a key is unknown (the known ones are named),
            or a value has the wrong type or lies out of range.
    """
    values = _read(config) if config is not None else {}
    values |= {key: value for key, value in (flags or {}).items() if value is not None}
    defaults = Settings()
    kinds = {field.name: type(getattr(defaults, field.name)) for field in fields(Settings)}
    for key, value in values.items():
        if key not in kinds:
            raise InputError(f"Unknown setting `{key}`; known settings: {', '.join(kinds)}.")
        if kinds[key] is float and type(value) is int:
            values[key] = float(value)  # 1 is a number like any other
        elif type(value) is not kinds[key]:  # not isinstance: True would pass for a whole number
            expected, found = kinds[key].__name__, type(value).__name__
            raise InputError(f"Setting `{key}` must be {expected}, got {found} ({value!r}).")
    return Settings(**cast(dict[str, Any], values))  # each value has the type of its field, see above


def _read(config: Path) -> dict[str, Value]:
    if not config.is_file():
        raise InputError(f"The settings file {config} does not exist or is a folder.")
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The settings file {config} is not valid TOML: {error}.") from error
    except OSError as error:
        raise InputError(f"The settings file {config} cannot be read: {error.strerror}.") from error
