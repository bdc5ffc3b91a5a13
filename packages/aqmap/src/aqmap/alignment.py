"""How well one image follows its prompt: eq. (8) of G-Refine (arXiv:2404.18343), and the assessor.

H x W is the size of the image. Scores and maps have no unit, lie in [0, 1], and 1 is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from aqmap.ancestors import find_ancestors
from aqmap.defects import alignment_map, judge, pick_region
from aqmap.emphasis import emphasise
from aqmap.matching import Matcher, Matches
from aqmap.parsing.parser import Parser, load_parser, parse_prompt
from aqmap.parsing.tree import Tree
from aqmap.phrases import Phrase, find_phrases
from aqmap.prompts.prompt import Prompt, normalise
from aqmap.remarks import find_remarks
from aqmap.results import Alignment, PhraseResult, failing_spans
from grefine_core import Encoder, ImageInput, InputError, as_pixels, cask, load_encoder, tokens_to_map

A_BOUND = 0.5
"""Bound of eq. (6), as in the release: a noun less like the image than the empty text is not there."""
BETA = 0.5
"""Bound of eq. (8). The paper names no value; at 0.5 a phrase as like the image as the empty text costs nothing."""


@dataclass(frozen=True, kw_only=True)
class AlignmentSettings:
    """What can be chosen about eqs. (4) to (8).

    Raises:
        InputError: If a bound is outside [0, 1] (`beta` above 0), or a template has no place for the text.
    """

    a_bound: float = A_BOUND
    beta: float = BETA
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
        for template in self.templates:
            if "{}" not in template:
                raise InputError(f"A template must contain {{}} where the text goes, got `{template}`.")


def alignment_score(prompt_score: float, phrase_scores: Tensor, *, beta: float = BETA) -> float:
    """Return a of eq. (8): ``prompt_score * prod_j min(phrase_scores[j] / beta, 1)``.

    Args:
        prompt_score: g, in [0, 1].
        phrase_scores: a_h, shape (J,), floating in [0, 1].
        beta: Bound in (0, 1]; `cask` checks it.
    """
    return prompt_score * float(cask(phrase_scores, bounds=[beta] * len(phrase_scores)))


class AlignmentAssessor:
    """Assess images with one encoder and one parser."""

    def __init__(self, encoder: Encoder, parser: Parser, settings: AlignmentSettings | None = None) -> None:
        self._settings = settings or AlignmentSettings()
        self._parser = parser
        self._matcher = Matcher(encoder, templates=self._settings.templates)

    @property
    def encoder(self) -> Encoder:
        """The model that sees the images."""
        return self._matcher.encoder

    def __call__(self, image: ImageInput, prompt: str) -> Alignment:
        """Assess one image of any size; it is encoded once for all phrases.

        Raises:
            InputError: If the image cannot be read or is nothing of `ImageInput`, or the prompt is
                blank, too long, or nothing but syntax.
        """
        plain = normalise(prompt)
        pixels = as_pixels(image)
        tree = parse_prompt(plain, self._parser)
        phrases = find_phrases(tree, join_compounds=self._settings.join_compounds)
        texts = [tree.wording(words) for phrase in phrases for words in (phrase.noun, phrase.tokens)]
        matches = self._matcher(pixels, [plain.text, *texts])
        return self._conclude(_Parsed(plain, tree, phrases), matches, (pixels.shape[2], pixels.shape[3]))

    def _conclude(self, parsed: _Parsed, matches: Matches, size: tuple[int, int]) -> Alignment:
        literal = self._settings.literal
        results = self._judge(parsed, matches)
        verdicts, ancestors = [result.verdict for result in results], [result.ancestor for result in results]
        regions = tuple(
            None if verdict == "ok" else pick_region(index, verdicts, ancestors, literal=literal)
            for index, verdict in enumerate(verdicts)
        )
        nouns, phrases = matches.grids[1::2], matches.grids[2::2]
        maps = [tokens_to_map(nouns[region][None], size)[0] for region in _distinct(regions, literal=literal)]
        prompt_score = float(matches.scores[0])
        return Alignment(
            score=alignment_score(prompt_score, matches.scores[2::2], beta=self._settings.beta),
            prompt_score=prompt_score,
            prompt_parts=matches.parts[0],
            map=alignment_map(maps, size, literal=literal),
            phrases=results,
            noun_grids=nouns,
            phrase_grids=phrases,
            regions=regions,
            emphases=emphasise(parsed.prompt, failing_spans(results)),
            warnings=find_remarks(parsed.prompt, parsed.tree, parts=matches.parts[0]),
            prompt=parsed.prompt,
            encoder=self.encoder.name,
        )

    def _judge(self, parsed: _Parsed, matches: Matches) -> tuple[PhraseResult, ...]:
        nouns, wholes = matches.scores[1::2].tolist(), matches.scores[2::2].tolist()
        ancestors = find_ancestors(parsed.tree, parsed.phrases)
        results = []
        for phrase, noun, whole, ancestor in zip(parsed.phrases, nouns, wholes, ancestors, strict=True):
            verdict = judge(noun, whole, attributed=phrase.attributed, a_bound=self._settings.a_bound)
            results.append(
                PhraseResult(
                    text=parsed.tree.wording(phrase.tokens),
                    noun=parsed.tree.wording(phrase.noun),
                    start=parsed.tree.tokens[phrase.tokens[0]].start,
                    end=parsed.tree.tokens[phrase.tokens[-1]].end,
                    spans=parsed.spans(phrase),
                    noun_score=noun,
                    phrase_score=whole,
                    verdict=verdict,
                    ancestor=ancestor,
                )
            )
        return tuple(results)


@dataclass(frozen=True)
class _Parsed:
    """A prompt taken apart."""

    prompt: Prompt
    tree: Tree
    phrases: tuple[Phrase, ...]

    def spans(self, phrase: Phrase) -> tuple[tuple[int, int], ...]:
        """Return the stretches of a phrase's words; articles between them are within, other phrases' words not."""
        runs: list[tuple[int, int]] = []  # of tokens, both ends included
        for index in phrase.tokens:
            if runs and self._taken.isdisjoint(range(runs[-1][1] + 1, index)):
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
        places = [(self.tree.tokens[first].start, self.tree.tokens[last].end) for first, last in runs]
        return tuple(piece for start, end in places for piece in self.prompt.pieces(start, end))

    @cached_property
    def _taken(self) -> frozenset[int]:
        return frozenset(index for phrase in self.phrases for index in phrase.tokens)


def _distinct(regions: Sequence[int | None], *, literal: bool) -> list[int]:
    """Return the regions to merge; a maximum needs each once, a product as often as it comes."""
    named = [region for region in regions if region is not None]
    return named if literal else list(dict.fromkeys(named))


def load(
    preset: str = "mini", *, parser: str = "mini", device: str = "auto", settings: AlignmentSettings | None = None
) -> AlignmentAssessor:
    """Load the encoder and the parser of installed presets.

    Args:
        preset: Encoder; `mini` comes with `pip install aqmap[mini]`, works offline and on a CPU.
        parser: Parser; it always runs on the CPU.
        device: Of the encoder: `auto`, or a name that torch knows, such as `cpu` or `cuda:1`.
        settings: The defaults if None.

    Raises:
        InputError: If a preset is not installed or the device is absent.
        WeightsError: If a file is absent or altered.
    """
    return AlignmentAssessor(load_encoder(preset, device=device), load_parser(parser), settings)
