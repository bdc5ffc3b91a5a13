"""What can be chosen about eqs. (4) to (8) of G-Refine (arXiv:2404.18343)."""

from __future__ import annotations

from dataclasses import dataclass

from grefine_core import InputError

A_BOUND = 0.5
"""Bound of eq. (6), as in the release: a noun less like the image than the empty text is not there."""
BETA = 0.5
"""Bound of eq. (8). The paper names no value; at 0.5 a phrase as like the image as the empty text costs nothing."""


@dataclass(frozen=True, kw_only=True)
class AlignmentSettings:
    """What can be chosen about eqs. (4) to (8).

    Raises:
        InputError: If a bound is outside [0, 1] (`beta` above 0), the temperature is not above 0, or a
            template has no place for the text.
    """

    a_bound: float = A_BOUND
    beta: float = BETA
    temperature: float | None = None
    """s_a of eq. (5); None is the encoder's own."""
    literal: bool = False
    """Compute eq. (6) as printed: swapped regions, multiplied."""
    join_compounds: bool = True
    """Take `fire hydrant` as one noun; eq. (4) as printed keeps its words apart."""
    templates: tuple[str, ...] = ()
    """Texts such as "a photo of {}." over which each text's feature is averaged."""

    def __post_init__(self) -> None:
        if not 0 <= self.a_bound <= 1:
            raise InputError(f"`a_bound` must lie in [0, 1], got {self.a_bound}.")
        if not 0 < self.beta <= 1:
            raise InputError(f"`beta` must lie in (0, 1], got {self.beta}.")
        if self.temperature is not None and not 0 < self.temperature < float("inf"):
            raise InputError(f"`temperature` must be above 0 and finite, got {self.temperature}.")
        for template in self.templates:
            if "{}" not in template:
                raise InputError(f"A template must contain {{}} where the text goes, got `{template}`.")
