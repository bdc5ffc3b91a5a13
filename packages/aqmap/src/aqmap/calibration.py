"""Temperature, beta and a_bound that were fitted for one encoder, and where a preset's own ones are.

They belong together: beta and a_bound are scores, and a score means what the temperature makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aqmap.settings import A_BOUND, BETA, AlignmentSettings
from grefine_core import Encoder, InputError, WeightsError, WeightsFile, load_preset, preset_entries, write_atomically
from grefine_core.clip.presets import LOCAL

ALIGNMENTS = "grefine.alignments"
"""Entry point group; each entry is a `Preset` whose `load()` returns the `WeightsFile` of a calibration."""
FILE_NAME = "aqmap-calibration.json"
"""Beside a preset that is a folder; `NAME.aqmap-calibration.json` beside a file NAME."""
FORMAT = "aqmap-calibration"
FORMAT_VERSION = 1
_NUMBER = (int, float)
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "encoder": (str,),
    "a_bound": _NUMBER,
    "beta": _NUMBER,
    "temperature": _NUMBER,
    "data": (str,),
    "rows": (int,),
    "metrics": (dict,),
}
"""What a file holds beside format and version; further fields are passed over."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Three numbers of eqs. (5), (6) and (8), what they are for and where they come from."""

    encoder: str
    """`Encoder.name` of the model whose scores they were fitted to."""
    a_bound: float
    """Bound of eq. (6): a noun that scores less is not in the image."""
    beta: float
    """Bound of eq. (8): a phrase that scores less lowers the whole."""
    temperature: float
    """s_a of eq. (5)."""
    data: str = ""
    """What they were fitted on, in words."""
    rows: int = 0
    """How many rows were fitted and validated on."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """How well they do on validation, such as ``{"srcc": 0.7}``."""

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            InputError: If one is outside its range; see `AlignmentSettings`.
        """
        self.to_settings()

    def to_settings(self, base: AlignmentSettings | None = None) -> AlignmentSettings:
        """Return settings with these three numbers, and all else as in `base`."""
        base = base or AlignmentSettings()
        return replace(base, a_bound=self.a_bound, beta=self.beta, temperature=self.temperature)

    def check_encoder(self, encoder: Encoder, *, source: str = "This calibration") -> None:
        """Refuse an encoder that it was not fitted for; its scores mean something else.

        Raises:
            WeightsError: If the names differ (both are given).
        """
        if self.encoder != encoder.name:
            raise WeightsError(f"{source} fits the encoder `{self.encoder}`, not `{encoder.name}`.")

    def write(self, path: Path) -> Path:
        """Write it as JSON, whole or not at all.

        Raises:
            InputError: If the folder cannot be written.
        """
        record = {"format": FORMAT, "version": FORMAT_VERSION, **asdict(self)}
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return write_atomically(path, lambda file: file.write(text.encode()))

    @classmethod
    def read(cls, path: str | Path | WeightsFile, *, encoder: Encoder | None = None) -> Calibration:
        """Read what `write` wrote.

        Args:
            path: The file; a `WeightsFile` is checked first.
            encoder: Refused if the file is for another one.

        Raises:
            WeightsError: If the file is absent, altered, broken, of another version or for another encoder.
        """
        path = path.verify() if isinstance(path, WeightsFile) else Path(path)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise WeightsError(f"The calibration {path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise WeightsError(f"The calibration {path} is no JSON: {error}.") from error
        found = _parse(record, path)
        if encoder is not None:
            found.check_encoder(encoder, source=f"The calibration {path}")
        return found


def calibrate(
    settings: AlignmentSettings, preset: str, encoder: Encoder, *, path: str | Path | None = None
) -> AlignmentSettings:
    """Return settings with the numbers of a calibration: those of `path`, else the preset's own ones.

    Settings whose numbers are not the defaults keep them, unless `path` names a calibration.

    Raises:
        WeightsError: If a calibration cannot be read, or is for another encoder.
    """
    if path is not None:
        return Calibration.read(path, encoder=encoder).to_settings(settings)
    if (settings.a_bound, settings.beta, settings.temperature) != (A_BOUND, BETA, None):
        return settings
    found = find_calibration(preset, encoder)
    return settings if found is None else found.to_settings(settings)


def find_calibration(preset: str, encoder: Encoder) -> Calibration | None:
    """Return the calibration that belongs to a preset; None where nobody has made one.

    Raises:
        WeightsError: If it cannot be read, or is for another encoder.
    """
    if preset in preset_entries(ALIGNMENTS):
        file: WeightsFile = load_preset(ALIGNMENTS, preset).load()
        return Calibration.read(file, encoder=encoder)
    path = path_beside(preset)
    return None if path is None or not path.is_file() else Calibration.read(path, encoder=encoder)


def path_beside(preset: str) -> Path | None:
    """Return where the calibration of a preset that is a local folder or file lies; None for other presets."""
    path = Path(preset.removeprefix(LOCAL)).expanduser()
    if preset.startswith(LOCAL) or path.is_dir():
        return path / FILE_NAME
    # two files in one folder may be two encoders
    return path.with_name(f"{path.name}.{FILE_NAME}") if path.is_file() else None


def _parse(record: Any, path: Path) -> Calibration:
    """Return what a file says, each field of its kind."""
    if not isinstance(record, dict) or record.pop("format", None) != FORMAT:
        raise WeightsError(f"{path} is no calibration of `aqmap fit`.")
    version = record.pop("version", None)
    if version != FORMAT_VERSION:
        raise WeightsError(f"The calibration {path} has version {version}; this program reads {FORMAT_VERSION}.")
    for name, kinds in _FIELDS.items():
        if not isinstance(record.get(name), kinds) or isinstance(record[name], bool):
            raise WeightsError(f"The calibration {path} has no usable `{name}`: {record.get(name)!r}.")
    try:
        return Calibration(**{name: record[name] for name in _FIELDS})
    except InputError as error:
        raise WeightsError(f"The calibration {path} is of no use: {error}") from error
