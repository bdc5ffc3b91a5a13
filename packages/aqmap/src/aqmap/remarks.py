"""What a user should know before trusting the scores of a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from aqmap.judgeable import Reason
from aqmap.reading import Reading

_WHY: dict[Reason, str] = {
    "negation": "image-text models read what is not to be there as wanted",
    "count": "image-text models do not count",
    "quality words": "words of praise name nothing to be seen",
}


def find_remarks(reading: Reading, *, parts: int) -> tuple[str, ...]:
    """Return one sentence for each limit that the prompt meets.

    Args:
        reading: The prompt taken apart.
        parts: In how many parts the whole prompt was scored.
    """
    return (*_remarks(reading, parts), *reading.parsed.remarks)


def _remarks(reading: Reading, parts: int) -> Iterator[str]:
    if parts > 1:
        yield f"The prompt exceeds the model's context; its score is the average over {parts} parts."
    for reason, why in _WHY.items():
        phrases = [
            reading.wording(phrase.tokens)
            for phrase, found in zip(reading.phrases, reading.reasons, strict=True)
            if found == reason
        ]
        if phrases:
            yield f"Not judged, since {why}: {', '.join(phrases)}."
    if not any("a" <= letter <= "z" for letter in reading.prompt.text.lower()):
        yield "The prompt has no Latin letters; the parser and most encoders know English only."
