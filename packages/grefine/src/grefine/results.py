"""What is known of a picture after an assessment, and after a refinement.

Scores and maps have no unit, lie in [0, 1], and 1 is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from aqmap import Alignment
from balanced_refiner import Refinement
from grefine.settings import Settings
from grefine_core import Assessment
from pqmap import Perception


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Score:
    """What both assessors say of one picture and its prompt."""

    perception: Perception
    alignment: Alignment
    assessment: Assessment
    """The same in the words of the refiner."""

    @property
    def p(self) -> float:
        """Perceptual quality, eq. (3)."""
        return self.perception.score

    @property
    def a(self) -> float:
        """Alignment with the prompt, eq. (8)."""
        return self.alignment.score

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without the maps, ready for `json.dumps`."""
        alignment = self.alignment.to_json()
        return {
            "p": self.p,
            "a": self.a,
            "factors": self.perception.factors,
            "prompt_score": self.alignment.prompt_score,
            "phrases": alignment["phrases"],
            "defects": [
                {"phrase": defect.phrase, "kind": defect.kind, "start": defect.start, "end": defect.end}
                for defect in self.assessment.defects
            ],
            "emphasised": self.alignment.emphasised,
            "warnings": list(self.alignment.warnings),
            "encoder": self.perception.encoder,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """A refinement, with all that was measured before and after it."""

    prompt: str
    source: Tensor
    """Shape (1, 3, H, W), float32 in [0, 1]: the picture as it came."""
    before: Score
    after: Score
    """The very record `before` where nothing changed."""
    refinement: Refinement
    settings: Settings
