"""How well images follow their prompts: eq. (8) of G-Refine (arXiv:2404.18343), and the assessor.

H x W is the size of the image. Scores and maps have no unit, lie in [0, 1], and 1 is good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aqmap.defects import judge, pick_region
from aqmap.emphasis import emphasise
from aqmap.matching import REMEMBERED, Matcher, Matches
from aqmap.parsing.parser import Parser
from aqmap.prepare import Prepared, prepare_picture
from aqmap.reading import Reading, read_prompts
from aqmap.remarks import find_remarks
from aqmap.results import Alignment, PhraseResult, UnwantedResult, failing_spans
from aqmap.settings import BETA, AlignmentSettings
from grefine_core import Encoder, ImageInput, InputError, cask

if TYPE_CHECKING:
    from aqmap.scorers.scorer import Scorer


def alignment_score(prompt_score: float, phrase_scores: Tensor, *, beta: float = BETA) -> float:
    """Return a of eq. (8): ``prompt_score * prod_j min(phrase_scores[j] / beta, 1)``.

    Args:
        prompt_score: g, in [0, 1].
        phrase_scores: a_h, shape (J,), floating in [0, 1].
        beta: Bound in (0, 1]; `cask` checks it.
    """
    return prompt_score * float(cask(phrase_scores, bounds=[beta] * len(phrase_scores)))


class AlignmentAssessor:
    """Assess images with one encoder, one parser and, if wanted, a scorer of its own for the whole prompt."""

    def __init__(
        self,
        encoder: Encoder,
        parser: Parser,
        settings: AlignmentSettings | None = None,
        *,
        scorer: Scorer | None = None,
    ) -> None:
        """Join the models.

        Args:
            encoder: Sees the images.
            parser: Takes the prompts apart.
            settings: The defaults if None.
            scorer: Gives g of eq. (8); the encoder does if None.
        """
        self._settings = settings or AlignmentSettings()
        self._parser, self._scorer = parser, scorer
        self._read = lru_cache(maxsize=REMEMBERED)(self._read_one)
        self._matcher = Matcher(encoder, templates=self._settings.templates, scale=self._settings.temperature)

    @property
    def encoder(self) -> Encoder:
        """The model that sees the images."""
        return self._matcher.encoder

    @property
    def matcher(self) -> Matcher:
        """What compares texts with images."""
        return self._matcher

    @property
    def parser(self) -> Parser:
        """What takes the prompts apart."""
        return self._parser

    @property
    def scorer(self) -> Scorer | None:
        """What gives g of eq. (8); None where the encoder does."""
        return self._scorer

    @property
    def settings(self) -> AlignmentSettings:
        """What was chosen."""
        return self._settings

    def __call__(self, image: ImageInput, prompt: str, *, negative: str | None = None) -> Alignment:
        """Assess one image of any size; it is encoded once for all phrases.

        Args:
            image: To be judged.
            prompt: What it should show.
            negative: What it should not show, beside what the prompt says of that (`--no hats`).

        Raises:
            InputError: If the image cannot be read or is nothing of `ImageInput`, or the prompt is
                blank, too long, or nothing but syntax.
        """
        reading = self.read(prompt, negative)
        return self.assess_prepared([(self.prepare(image), reading)])[0]

    def assess_all(
        self,
        images: Sequence[ImageInput],
        prompts: str | Sequence[str],
        *,
        negatives: str | Sequence[str | None] | None = None,
        batch_size: int = 16,
    ) -> list[Alignment]:
        """Assess images of any sizes, those of one fitted size together; the order is kept.

        Args:
            images: An image that comes several times in a row (the same object) is encoded once a batch.
            prompts: One for each image, or one for all.
            negatives: What is not wanted, likewise.
            batch_size: Most pairs of image and prompt that are assessed together.

        Raises:
            InputError: If an image or a prompt is not what `__call__` takes, the numbers of images and
                prompts differ, or `batch_size` is below 1.
        """
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1, got {batch_size}.")
        readings = self._read_for(len(images), prompts, negatives)
        pairs = list(zip(images, readings, strict=True))
        chunks = [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
        return [result for chunk in chunks for result in self._assess_chunk(chunk)]

    def _assess_chunk(self, chunk: Sequence[tuple[ImageInput, Reading]]) -> list[Alignment]:
        distinct = {id(image): image for image, _ in chunk}
        ready = {key: self.prepare(image) for key, image in distinct.items()}
        buckets: dict[torch.Size, list[int]] = defaultdict(list)
        for index, (image, _) in enumerate(chunk):
            buckets[ready[id(image)].pixels.shape].append(index)
        results: dict[int, Alignment] = {}
        for places in buckets.values():
            found = self.assess_prepared([(ready[id(chunk[place][0])], chunk[place][1]) for place in places])
            results |= dict(zip(places, found, strict=True))
        return [results[index] for index in range(len(chunk))]

    def read(self, prompt: str, negative: str | None = None) -> Reading:
        """Take a prompt apart; the last ones are kept.

        Raises:
            InputError: If it is blank, too long, or nothing but syntax.
        """
        return self._read(prompt, negative)

    def _read_one(self, prompt: str, negative: str | None) -> Reading:
        (reading,) = self.read_all([prompt], [negative])
        if isinstance(reading, InputError):
            raise reading
        return reading

    def read_all(
        self, prompts: Sequence[str], negatives: Sequence[str | None] | None = None
    ) -> list[Reading | InputError]:
        """Take prompts apart in one call of the parser; a bad one gives its error in its place."""
        return read_prompts(prompts, self._parser, negatives=negatives, join_compounds=self._settings.join_compounds)

    def prepare(self, image: ImageInput) -> Prepared:
        """Do for one picture what needs no model: read and resize. Safe in threads.

        Raises:
            InputError: If it cannot be read or is no image of `ImageInput`.
        """
        return prepare_picture(image, self.encoder, self._scorer)

    def assess_prepared(self, batch: Sequence[tuple[Prepared, Reading]]) -> list[Alignment]:
        """Assess pairs of one fitted size; see `match_prepared`."""
        matched = self.match_prepared(batch)
        return [
            self._conclude(reading, matches, score, picture.size)
            for (picture, reading), matches, score in zip(
                batch, matched, self._score_prompts(batch, matched), strict=True
            )
        ]

    def match_prepared(self, batch: Sequence[tuple[Prepared, Reading]]) -> list[Matches]:
        """Match pairs of one fitted size: each picture (the same object) is encoded once, all in one pass.

        Raises:
            InputError: If sizes differ, or the encoder makes something of a picture that is not finite.
        """
        pictures = {id(picture): picture for picture, _ in batch}
        shapes = {tuple(picture.pixels.shape) for picture in pictures.values()}
        if len(shapes) != 1:
            raise InputError(f"A batch must hold pictures of one prepared size, got {sorted(shapes)}.")
        places = {key: place for place, key in enumerate(pictures)}
        pixels = torch.cat([picture.pixels.to(self.encoder.device) for picture in pictures.values()])
        pairs = [(places[id(picture)], reading.texts) for picture, reading in batch]
        return self._matcher.match_pairs(pixels, pairs)

    def _read_for(
        self, count: int, prompts: str | Sequence[str], negatives: str | Sequence[str | None] | None
    ) -> list[Reading]:
        prompts = [prompts] * count if isinstance(prompts, str) else prompts
        negatives = [negatives] * count if negatives is None or isinstance(negatives, str) else negatives
        if not len(prompts) == len(negatives) == count:
            raise InputError(f"{count} images need as many prompts, got {len(prompts)} and {len(negatives)} negatives.")
        readings = []
        for reading in self.read_all(prompts, negatives):
            if isinstance(reading, InputError):
                raise reading
            readings.append(reading)
        return readings

    def _score_prompts(
        self, batch: Sequence[tuple[Prepared, Reading]], matched: Sequence[Matches]
    ) -> list[tuple[float, int]]:
        """Return g of eq. (8) for each pair, and over how many parts of the prompt it is averaged."""
        if self._scorer is None:
            return [(float(matches.scores[0]), matches.parts[0]) for matches in matched]
        pictures = [picture.scored for picture, _ in batch if picture.scored is not None]
        if len(pictures) != len(batch):
            raise InputError("A picture was prepared without the scorer; prepare it with this assessor.")
        prompts = [reading.texts[0] for _, reading in batch]
        scores = self._scorer.score(pictures, prompts).tolist()
        return list(zip(scores, self._scorer.parts(prompts), strict=True))

    def _conclude(
        self, reading: Reading, matches: Matches, scored: tuple[float, int], size: tuple[int, int]
    ) -> Alignment:
        prompt_score, parts = scored
        settings, count = self._settings, len(reading.phrases)
        results = self._judge(reading, matches)
        present = [result.noun_score >= settings.a_bound and result.reason in (None, "count") for result in results]
        regions = tuple(
            pick_region(index, result.verdict, reading.ancestors, present, literal=settings.literal)
            for index, result in enumerate(results)
        )
        nouns, phrases = matches.grids[1 : 1 + 2 * count : 2], matches.grids[2 : 1 + 2 * count : 2]
        judged = torch.tensor([result.phrase_score for result in results if result.reason is None])
        return Alignment(
            score=alignment_score(prompt_score, judged, beta=settings.beta),
            prompt_score=prompt_score,
            coverage=reading.coverage,
            prompt_parts=parts,
            size=size,
            literal=settings.literal,
            phrases=results,
            noun_grids=nouns,
            phrase_grids=phrases,
            regions=regions,
            emphases=emphasise(reading.prompt, failing_spans(results)),
            unwanted=self._judge_unwanted(reading, matches),
            warnings=find_remarks(reading, parts=parts),
            reading=reading,
            encoder=self.encoder.name,
            scorer=self._scorer.name if self._scorer else None,
        )

    def _judge(self, reading: Reading, matches: Matches) -> tuple[PhraseResult, ...]:
        scores = matches.scores[1:].tolist()
        results = []
        for index, (phrase, reason) in enumerate(zip(reading.phrases, reading.reasons, strict=True)):
            noun, whole = scores[2 * index : 2 * index + 2]
            verdict = judge(noun, whole, attributed=phrase.attributed, a_bound=self._settings.a_bound)
            results.append(
                PhraseResult(
                    text=reading.wording(phrase.tokens),
                    noun=reading.wording(phrase.noun),
                    start=reading.tree.tokens[phrase.tokens[0]].start,
                    end=reading.tree.tokens[phrase.tokens[-1]].end,
                    spans=reading.spans(phrase),
                    noun_score=noun,
                    phrase_score=whole,
                    verdict="not judged" if reason else verdict,
                    reason=reason,
                    ancestor=reading.ancestors[index],
                )
            )
        return tuple(results)

    def _judge_unwanted(self, reading: Reading, matches: Matches) -> tuple[UnwantedResult, ...]:
        if reading.negative is None:
            return ()
        scores = matches.scores[1 + 2 * len(reading.phrases) :].unflatten(0, (-1, 2)).amin(dim=1).tolist()
        return tuple(
            UnwantedResult(
                text=reading.negative.wording(phrase.tokens),
                score=score,
                seen=None if reason else score >= self._settings.a_bound,
            )
            for phrase, reason, score in zip(reading.negative.phrases, reading.negative.reasons, scores, strict=True)
        )
