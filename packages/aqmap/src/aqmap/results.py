"""What is known of one image and its prompt after the assessment.

H x W is the size of the image, J the number of phrases. Scores and maps have no unit, lie in [0, 1],
and 1 is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from torch import Tensor

from aqmap.defects import Verdict
from aqmap.emphasis import emphasise, render
from aqmap.prompts.prompt import Prompt
from grefine_core import Defect, Emphasis, QualityMap, tokens_to_map


@dataclass(frozen=True, kw_only=True)
class PhraseResult:
    """One phrase of the prompt and how the image shows it."""

    text: str
    noun: str
    start: int
    end: int
    """From its first to past its last word in the user's prompt; words of other phrases may lie between."""
    spans: tuple[tuple[int, int], ...]
    """Stretches of its own words in the user's prompt, free of syntax; those of all phrases are disjoint."""
    noun_score: float
    """a_n of eq. (5): how much the image shows the noun."""
    phrase_score: float
    """a_h of eq. (5): how much it shows all the words."""
    verdict: Verdict
    ancestor: int
    """Index of the phrase that it hangs on, by Algorithm 1; its own where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Alignment:
    """How one image follows its prompt; tensors on the CPU."""

    score: float
    """a of eq. (8)."""
    prompt_score: float
    """g of eq. (8): the whole prompt against the whole image, before phrases lower it."""
    prompt_parts: int
    """In how many parts the prompt was scored for g; 1 unless it exceeds the encoder's context."""
    map: Tensor
    """A of eq. (6), shape (H, W), float32."""
    phrases: tuple[PhraseResult, ...]
    noun_grids: Tensor
    """A_n of eq. (5) before it is brought to image size, shape (J, gh, gw), float32, a phrase each."""
    phrase_grids: Tensor
    """A_h of eq. (5), likewise."""
    regions: tuple[int | None, ...]
    """For each phrase the one whose noun map says where to draw it; None where nothing fails."""
    emphases: tuple[Emphasis, ...]
    """What eq. (7) gives more weight after one round."""
    warnings: tuple[str, ...]
    """What the scores cannot tell of this prompt, one sentence each."""
    prompt: Prompt
    encoder: str
    """Name of the model; scores of different models do not compare."""

    @property
    def quality(self) -> QualityMap:
        """Score and map, as the refiner takes them."""
        return QualityMap(score=self.score, map=self.map)

    @cached_property
    def defects(self) -> tuple[Defect, ...]:
        """Failing phrases with their regions, as the refiner takes them."""
        maps = {region: self.phrase_map(region) for region in self.regions if region is not None}
        return tuple(
            Defect(phrase=phrase.text, kind=phrase.verdict, start=phrase.start, end=phrase.end, region=maps[region])
            for phrase, region in zip(self.phrases, self.regions, strict=True)
            if region is not None and phrase.verdict != "ok"
        )

    @property
    def emphasised(self) -> str:
        """The prompt with failing phrases emphasised, `(phrase:1.1)`; the user's text if none fails."""
        return render(self.prompt, self.emphases)

    def emphasise(self, rounds: int) -> tuple[Emphasis, ...]:
        """Return what eq. (7) gives more weight after several rounds."""
        return emphasise(self.prompt, failing_spans(self.phrases), rounds=rounds)

    def phrase_map(self, index: int, of: Literal["noun", "phrase"] = "noun") -> Tensor:
        """Return A_n or A_h of one phrase, shape (H, W), float32; made anew at each call."""
        grids = self.noun_grids if of == "noun" else self.phrase_grids
        height, width = self.map.shape
        return tokens_to_map(grids[index][None], (height, width))[0]

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without the maps, ready for `json.dumps`."""
        height, width = self.map.shape
        return {
            "score": self.score,
            "prompt": self.prompt.original,
            "prompt_score": self.prompt_score,
            "prompt_parts": self.prompt_parts,
            "phrases": [asdict(phrase) for phrase in self.phrases],
            "emphases": [asdict(emphasis) for emphasis in self.emphases],
            "emphasised": self.emphasised,
            "warnings": list(self.warnings),
            "height": height,
            "width": width,
            "encoder": self.encoder,
        }


def failing_spans(phrases: Sequence[PhraseResult]) -> list[tuple[int, int]]:
    """Return the stretches of all phrases that fail."""
    return [span for phrase in phrases if phrase.verdict != "ok" for span in phrase.spans]
