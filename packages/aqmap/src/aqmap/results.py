"""What is known of one image and its prompt after the assessment.

H x W is the size of the image, J the number of phrases. Scores and maps have no unit, lie in [0, 1],
and 1 is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, cast, get_args

from torch import Tensor

from aqmap.defects import FAILING, Verdict, alignment_map
from aqmap.emphasis import emphasise, render
from aqmap.judgeable import Reason
from aqmap.parsing.tree import Tree
from aqmap.prompts.prompt import Prompt
from aqmap.reading import Reading
from grefine_core import Defect, DefectKind, Emphasis, QualityMap, tokens_to_map

ALIGNMENT_COLUMNS = (
    "a",
    "prompt_score",
    "coverage",
    "phrases",
    "missing",
    "attribute",
    "not_judged",
    "unwanted",
    "warnings",
    "width",
    "height",
)
"""Columns of `Alignment.row`."""


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
    reason: Reason | None
    """Why it is not judged; None where it is."""
    ancestor: int
    """Index of the phrase that it hangs on, by Algorithm 1; its own where there is none."""

    @property
    def failed(self) -> bool:
        """Whether it asks for a repair."""
        return self.verdict in FAILING


@dataclass(frozen=True, kw_only=True)
class UnwantedResult:
    """One phrase of the negative prompt."""

    text: str
    score: float
    """The lower of its noun's and its own score, eq. (5): how much the image shows it."""
    seen: bool | None
    """Whether that reaches `a_bound`; None where it cannot be judged, such as "worst quality"."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Alignment:
    """How one image follows its prompt; tensors on the CPU."""

    score: float
    """a of eq. (8)."""
    prompt_score: float
    """g of eq. (8): the whole prompt against the whole image, before phrases lower it."""
    coverage: float
    """Share of the prompt's content words that are in a phrase which was judged, in [0, 1]."""
    prompt_parts: int
    """In how many parts the prompt was scored for g; 1 unless it exceeds the encoder's context."""
    size: tuple[int, int]
    """Height and width of the image."""
    literal: bool
    """Whether the map is that of eq. (6) as printed."""
    phrases: tuple[PhraseResult, ...]
    noun_grids: Tensor
    """A_n of eq. (5) before it is brought to image size, shape (J, gh, gw), float32, a phrase each."""
    phrase_grids: Tensor
    """A_h of eq. (5), likewise."""
    regions: tuple[int | None, ...]
    """For each phrase the one whose noun map says where to draw it; None where nothing fails."""
    emphases: tuple[Emphasis, ...]
    """What eq. (7) gives more weight after one round."""
    unwanted: tuple[UnwantedResult, ...]
    """Phrases of the negative prompt; they do not enter the score."""
    warnings: tuple[str, ...]
    """What the scores cannot tell of this prompt, one sentence each."""
    reading: Reading
    """The prompt taken apart: its tree, its phrases, the user's weights."""
    encoder: str
    """Name of the model; scores of different models do not compare."""
    scorer: str | None
    """Name of the model that gave `prompt_score`; None for the encoder."""

    @cached_property
    def map(self) -> Tensor:
        """A of eq. (6), shape (H, W), float32; computed when it is first asked for."""
        regions = [region for region in self.regions if region is not None]
        if not self.literal:
            regions = list(dict.fromkeys(regions))  # a maximum needs each once, a product as often as it comes
        return alignment_map([self.phrase_map(region) for region in regions], self.size, literal=self.literal)

    @property
    def prompt(self) -> Prompt:
        """The user's text, and the plain one."""
        return self.reading.prompt

    @property
    def tree(self) -> Tree:
        """The prompt's words and how they hang together."""
        return self.reading.tree

    @property
    def quality(self) -> QualityMap:
        """Score and map, as the refiner takes them."""
        return QualityMap(score=self.score, map=self.map, cells=self.noun_grids[0].numel())

    @cached_property
    def defects(self) -> tuple[Defect, ...]:
        """Failing phrases with their regions, as the refiner takes them."""
        maps = {region: self.phrase_map(region) for region in self.regions if region is not None}
        return tuple(
            Defect(
                phrase=phrase.text,
                kind=cast(DefectKind, phrase.verdict),  # a phrase with a region failed
                start=phrase.start,
                end=phrase.end,
                region=maps[region],
            )
            for phrase, region in zip(self.phrases, self.regions, strict=True)
            if region is not None
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
        return tokens_to_map(grids[index][None], self.size)[0]

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without the maps, ready for `json.dumps`."""
        height, width = self.size
        return {
            "score": self.score,
            "prompt": self.prompt.original,
            "negative": self.reading.prompt.negative,
            "prompt_score": self.prompt_score,
            "prompt_parts": self.prompt_parts,
            "coverage": self.coverage,
            "phrases": [asdict(phrase) for phrase in self.phrases],
            "unwanted": [asdict(phrase) for phrase in self.unwanted],
            "emphases": [asdict(emphasis) for emphasis in self.emphases],
            "emphasised": self.emphasised,
            "warnings": list(self.warnings),
            "height": height,
            "width": width,
            "encoder": self.encoder,
            "scorer": self.scorer,
        }

    def row(self) -> dict[str, str | float | int | None]:
        """Return what a table has in the columns `ALIGNMENT_COLUMNS`; several phrases are joined by ";"."""
        height, width = self.size
        by_verdict = {verdict: [p.text for p in self.phrases if p.verdict == verdict] for verdict in get_args(Verdict)}
        cells = (
            self.score,
            self.prompt_score,
            self.coverage,
            len(self.phrases),
            ";".join(by_verdict["missing"]),
            ";".join(by_verdict["attribute"]),
            ";".join(by_verdict["not judged"]),
            ";".join(phrase.text for phrase in self.unwanted if phrase.seen),
            " ".join(self.warnings),
            width,
            height,
        )
        return dict(zip(ALIGNMENT_COLUMNS, cells, strict=True))


def failing_spans(phrases: Sequence[PhraseResult]) -> list[tuple[int, int]]:
    """Return the stretches of all phrases that fail."""
    return [span for phrase in phrases if phrase.failed for span in phrase.spans]
