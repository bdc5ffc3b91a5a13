"""Both assessors around one encoder: loaded together, each picture encoded once for both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

from aqmap import AlignmentAssessor, AlignmentSettings, calibrate, load_parser
from grefine.settings import Settings
from grefine.shared_encoder import SharedEncoder
from grefine_core import Encoder, load_encoder
from pqmap import PerceptionAssessor, load_pairs


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessors:
    """What scores pictures and their prompts."""

    perception: PerceptionAssessor
    alignment: AlignmentAssessor
    one_image: Callable[[], AbstractContextManager[None]]
    """Opens a block in which both see the same picture, or batch of pictures, encoded once."""


def load_assessors(settings: Settings) -> Assessors:
    """Load the encoder, its text pairs and the parser.

    Raises:
        InputError: If a preset is not installed or the device is absent.
        WeightsError: If a weights file is absent or altered.
    """
    encoder = SharedEncoder(load_encoder(settings.preset, device=settings.device))
    shared = cast(Encoder, encoder)  # it has every member, most of them through __getattr__
    chosen = calibrate(AlignmentSettings(literal=settings.literal), settings.preset, shared)
    return Assessors(
        perception=PerceptionAssessor(shared, load_pairs(settings.preset, shared)),
        alignment=AlignmentAssessor(shared, load_parser(settings.parser), chosen),
        one_image=encoder.one_image,
    )
