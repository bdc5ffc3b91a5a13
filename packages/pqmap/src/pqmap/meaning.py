"""What the numbers of a preset mean, for a reader who has met none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pqmap.bands import BAND_LIMITS, Band, ReferenceScale
from pqmap.degenerate import CEILING, FLAGS
from pqmap.perception import FACTORS

if TYPE_CHECKING:
    from pqmap.assessor import PerceptionAssessor
    from pqmap.pairs import TextPairs

QUESTIONS = {
    "overall": "how good is it?",
    "technical": "is it free of blur, noise and artefacts?",
    "rationality": "are things built as they should be?",
    "naturalness": "does it look natural?",
}
"""What each factor asks."""
HOW_TO_GET_BANDS = (
    "These pairs have no reference set, so there are no bands. To make one, score at least 100 pictures of the kind "
    "you judge, then save replace(pairs, reference=ReferenceScale.from_scores(scores, data='what they are'))."
)

OFFICIAL_REMARKS = (
    "This preset repeats the authors' script: no temperature, and one bound for all factors.",
    "Its map is that of the overall pair, stretched anew in each picture; its flags limit nothing.",
)


@dataclass(frozen=True, kw_only=True)
class ScoreInfo:
    """What p, its factors and its bands mean for one set of pairs; `str` of it is for reading."""

    encoder: str
    """Name of the model; scores of different models do not compare."""
    temperature: float
    """s_p of eq. (2): how sharply a raw score turns from 0 to 1."""
    alpha: tuple[float, float, float]
    """Bounds of technical, rationality and naturalness in eq. (3)."""
    reference: ReferenceScale | None = None
    """Scores of a fixed set of pictures; None where nobody has measured one for these pairs."""
    dimensions: tuple[str, ...] = ()
    """Names of own dimensions, which do not enter p."""
    remarks: tuple[str, ...] = ()
    """What is special about the preset, a sentence each."""
    ceiling: float = CEILING
    """Highest p of a picture with a flag."""
    lowest: float = 0.0
    highest: float = 1.0
    higher_is_better: bool = True

    @property
    def bands(self) -> dict[Band, tuple[float, float]] | None:
        """For each band the p at which it begins and ends, worst first; None without a reference set."""
        return None if self.reference is None else self.reference.limits()

    def to_json(self) -> dict[str, Any]:
        """Return all of it, ready for `json.dumps`."""
        return {
            "range": [self.lowest, self.highest],
            "higher_is_better": self.higher_is_better,
            "encoder": self.encoder,
            "temperature": self.temperature,
            "alpha": dict(zip(FACTORS[1:], self.alpha, strict=True)),
            "factors": QUESTIONS,
            "dimensions": list(self.dimensions),
            "bands": None if self.bands is None else {name: list(limits) for name, limits in self.bands.items()},
            "reference": None if self.reference is None else self.reference.to_json(),
            "flags": list(FLAGS),
            "ceiling": self.ceiling,
            "remarks": list(self.remarks),
        }

    def __str__(self) -> str:
        bounds = ", ".join(f"{name} {bound:.3f}" for name, bound in zip(FACTORS[1:], self.alpha, strict=True))
        parts = [
            f"p lies between {self.lowest:g} and {self.highest:g}; {self.highest:g} is good.",
            f"It is measured with the encoder `{self.encoder}`; scores of other encoders do not compare.",
            "p is the overall factor, lowered by each other factor that is below its bound: by factor / bound.",
            "The map is the same for each place of the picture.",
            *(f"  {name:<12} {question}" for name, question in QUESTIONS.items()),
            f"Bounds: {bounds}. Temperature: {self.temperature:g}.",
            *self._lines_of_bands(),
            f"Flags: {', '.join(FLAGS)}. A picture with a flag gets p and a map of at most {self.ceiling:g}.",
        ]
        if self.dimensions:
            parts.append(f"Own dimensions, between 0 and 1, not part of p: {', '.join(self.dimensions)}.")
        return "\n".join([*parts, *self.remarks])

    def _lines_of_bands(self) -> list[str]:
        if self.reference is None or self.bands is None:
            return [HOW_TO_GET_BANDS]
        shares = (0, *BAND_LIMITS, 100)
        rows = [
            f"  {name:<12} p from {low:.3f} to {high:.3f}  percentiles {shares[index]} to {shares[index + 1]}"
            for index, (name, (low, high)) in enumerate(self.bands.items())
        ]
        return [f"Bands, by percentile among {self.reference.count} pictures ({self.reference.data}):", *rows]


def score_info(subject: PerceptionAssessor | TextPairs) -> ScoreInfo:
    """Return what the numbers of an assessor, or of text pairs, mean.

    Args:
        subject: Pairs of the four factors, or an assessor; only the latter knows of own dimensions.
    """
    from pqmap.pairs import TextPairs

    if isinstance(subject, TextPairs):
        return _info_of_pairs(subject)
    from pqmap.official import BOUND, PREFERENCE, OfficialAssessor

    dimensions = subject.names[1 + len(FACTORS) :]
    if isinstance(subject, OfficialAssessor):
        bound = PREFERENCE * BOUND
        encoder = subject.pairs.encoder
        return ScoreInfo(
            encoder=encoder, temperature=1.0, alpha=(bound, bound, bound), ceiling=1.0, remarks=OFFICIAL_REMARKS
        )
    return _info_of_pairs(subject.pairs, dimensions)


def _info_of_pairs(pairs: TextPairs, dimensions: tuple[str, ...] = ()) -> ScoreInfo:
    return ScoreInfo(
        encoder=pairs.encoder,
        temperature=pairs.temperature,
        alpha=pairs.alpha,
        reference=pairs.reference,
        dimensions=dimensions,
    )
