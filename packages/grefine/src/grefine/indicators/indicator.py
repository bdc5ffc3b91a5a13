"""What an indicator is: one number of one picture and its prompt.

Imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from grefine.indicators.own import OwnModels

Group = Literal["perceptual", "alignment"]


@dataclass(frozen=True, kw_only=True)
class IndicatorInfo:
    """What can be said of an indicator before it is loaded."""

    key: str
    """Name on the command line."""
    title: str
    """Name in tables."""
    group: Group
    """What it measures: how good a picture looks, or how well it shows its prompt."""
    licence: str
    """Of code and weights, as their pages name them."""
    weights: str
    """Where they come from."""
    low: float | None = None
    """Least value; None where there is none."""
    high: float | None = None
    higher: bool = True
    """Whether higher is better."""
    needs_prompt: bool = False
    """Whether the prompt counts; others look at the picture alone."""
    gives_map: bool = False
    """Whether it also says where, as the paper's tables 6 and 7 ask."""
    package: str = ""
    """What must be installed beside grefine."""


class Indicator(Protocol):
    """Measures pictures."""

    @property
    def info(self) -> IndicatorInfo:
        """What it is."""

    @property
    def name(self) -> str:
        """Identify the model and its weights: two values of one name can be compared."""

    def measure(self, pixels: Tensor, prompt: str) -> float:
        """Measure one picture (1, 3, H, W), float32 in [0, 1], of any size, and its prompt.

        Returns:
            A finite number on the indicator's own scale.

        Raises:
            InputError: If the indicator has no value for this picture.
        """


@dataclass(frozen=True, kw_only=True)
class Loading:
    """What an indicator is loaded with."""

    device: str
    weights: str
    """File or folder of local weights; empty for the published ones."""
    own: Callable[[], OwnModels]
    """Gives our own models, loaded once for all indicators that need them."""


Load = Callable[[IndicatorInfo, Loading], Indicator]
