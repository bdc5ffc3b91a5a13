"""What an optimizer is: a picture and its prompt become a picture of the same size.

Imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from grefine.indicators.own import OwnModels
    from grefine.settings import Settings

Family = Literal["original", "restoration", "reconstruction", "refinement", "proposed"]
"""The paper's kinds (table 1): `restoration` looks at the picture alone, the others at the prompt too."""
STEPS = 20
"""Iterations of every optimizer that has any, as in 4.2 of the paper."""


@dataclass(frozen=True, kw_only=True)
class OptimizerInfo:
    """What can be said of an optimizer before it is loaded."""

    key: str
    """Name on the command line."""
    title: str
    """Name in tables."""
    family: Family
    licence: str
    """Of code and weights, as their pages name them."""
    source: str = ""
    """Model that is loaded where the user names none; empty where one must be named, or none is needed."""
    strength: float = 0.0
    """Of a refinement of the whole picture: the level of noise that it starts from."""
    absent: str = ""
    """Why it cannot be run here other than by a command of the user's; empty where it can."""


@runtime_checkable
class Optimizer(Protocol):
    """Makes pictures better, or tries to."""

    @property
    def info(self) -> OptimizerInfo:
        """What it is."""

    @property
    def name(self) -> str:
        """Identify the model, its weights and what it is run with: two pictures of one name can be compared."""

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Return a picture (1, 3, H, W), float32 in [0, 1], on the CPU, of one of the same shape and range.

        The same seed gives the same picture.

        Raises:
            InputError: If the picture or the prompt cannot be used.
            RefineError: If the model gives nothing that may be used.
        """


@dataclass(frozen=True, kw_only=True)
class Building:
    """What an optimizer is loaded with."""

    settings: Settings
    """Device, number type and memory of diffusion models, and all that decides what ours does."""
    source: str
    """Model that the user names; empty for the default."""
    own: Callable[[], OwnModels]
    """Gives our own models, loaded once for all that need them."""


Load = Callable[[OptimizerInfo, Building], Optimizer]
