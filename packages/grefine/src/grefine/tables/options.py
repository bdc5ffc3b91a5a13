"""What a user may say of a run of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grefine.indicators.registry import indicator_info, known_indicators
from grefine.optimizers.registry import known_optimizers
from grefine.settings import Settings
from grefine_core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What a user may say of a run of the tables.

    Raises:
        InputError: If a name is neither an indicator nor an optimizer, or a number is not positive.
    """

    data: Path
    """See `find_source`."""
    out: Path
    """Folder of the tables, and of what is kept between runs."""
    limit: int | None = None
    """Most pictures of a database, drawn at random by the seed of the settings."""
    also: tuple[str, ...] = ()
    """Optimizers and indicators beside the paper's."""
    only: tuple[str, ...] = ()
    """Optimizers and indicators that are run; all where empty. The others are printed as not asked for."""
    weights: Mapping[str, str] = field(default_factory=dict)
    """Model or file by the name of the optimizer or indicator."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """Command by the name of the optimizer; see `FolderCommand`."""
    retry_errors: bool = False
    """Try again what failed in an earlier run."""
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise InputError(f"The number of pictures must be positive, got {self.limit}.")
        for key in (*self.also, *self.only, *self.weights):
            if key not in known_optimizers():
                _check_indicator(key)
        for key in self.commands:
            if key not in known_optimizers():
                raise InputError(f"`{key}` is no optimizer, so no command can stand for it.")

    def asked(self, key: str) -> bool:
        """Say whether an optimizer or indicator is to be run."""
        return not self.only or key in self.only or key == "original"

    def also_optimizers(self) -> list[str]:
        """Return the optimizers beside the paper's."""
        return [key for key in self.also if key in known_optimizers()]

    def also_indicators(self) -> list[str]:
        """Return the indicators beside the paper's."""
        return [key for key in self.also if key not in known_optimizers()]


def _check_indicator(key: str) -> None:
    try:
        indicator_info(key)
    except InputError as error:
        known = ", ".join([*known_optimizers(), *known_indicators()])
        raise InputError(f"`{key}` is neither an optimizer nor an indicator; known are {known}.") from error


def read_pairs(option: str, values: list[str]) -> dict[str, str]:
    """Return `KEY=VALUE` options as a mapping.

    Raises:
        InputError: If one has no `=`, or a key comes twice.
    """
    pairs: dict[str, str] = {}
    for value in values:
        key, equals, said = value.partition("=")
        if not equals or not key or not said:
            raise InputError(f"`--{option}` takes NAME=VALUE, got `{value}`.")
        if key in pairs:
            raise InputError(f"`--{option}` names `{key}` twice.")
        pairs[key] = said
    return pairs
