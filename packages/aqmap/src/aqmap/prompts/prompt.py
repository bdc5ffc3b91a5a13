r"""From a prompt as people write it to plain text, with the way back kept.

What is taken off is in the modules beside this one: names of files (`networks`), flags (`flags`), quotation marks
(`quotes`), weights (`brackets`, `compel`), and what parts a prompt (`parts`), which becomes a semicolon.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from aqmap.prompts.boilerplate import is_boilerplate
from aqmap.prompts.brackets import take_brackets
from aqmap.prompts.canvas import Canvas, without_invisible
from aqmap.prompts.compel import take_signs
from aqmap.prompts.flags import take_flags
from aqmap.prompts.networks import take_names
from aqmap.prompts.parts import take_colons, take_keywords
from aqmap.prompts.quotes import SINGLE, find_quotations, find_writing
from aqmap.prompts.segments import Span, has_word, hide, split_parts, split_segments
from grefine_core import InputError, check_prompt
from grefine_core.checks import MAX_PROMPT_CHARACTERS

_STOPS = ".!?\u2026"


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A user's prompt, and the plain text that parsers and encoders get."""

    original: str
    text: str
    """No weights, brackets or flags; one space between words."""
    origins: tuple[int, ...]
    """For each character of `text` its place in `original`, rising."""
    weights: tuple[float, ...]
    """For each character of `original` the user's weight; 1 is neutral."""
    weighting: frozenset[int]
    """Places in `original` that only say a weight: brackets and `:1.3`."""
    segments: tuple[Span, ...]
    """Spans of `text`, `end` exclusive, that are parsed one by one."""
    writing: tuple[Span, ...]
    """Spans of `text` that the picture shows as writing: the words in quotation marks."""
    negative: str | None
    """Plain text of what is not wanted; None if the user says nothing of it."""
    unjudged: tuple[Span, ...]
    """Spans of `original` that only ask for quality, "best quality" and the like, disjoint and rising."""

    def plain_segments(self) -> tuple[str, ...]:
        """Return the segments as the plain text has them."""
        return tuple(self.text[start:end] for start, end in self.segments)

    def parser_segments(self) -> tuple[str, ...]:
        """Return the segments as a parser gets them: writing is one made-up noun, as long as the writing is."""
        text = hide(self.text, self.writing)
        return tuple(text[start:end] for start, end in self.segments)

    def pieces(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """Cut a span of `original` into stretches of plain words with one weight each.

        No stretch holds syntax, so each can be given a weight of its own.
        """
        found: list[tuple[int, int]] = []
        parted = True
        for index in range(bisect_left(self.origins, start), bisect_left(self.origins, end)):
            if self.text[index] in " ;":  # may stand for syntax: a bracket, a quotation mark, BREAK
                parted = parted or self.text[index] == ";"
                continue
            place = self.origins[index]
            if not parted and self._joined(found[-1][1], place):
                found[-1] = (found[-1][0], place + 1)
            else:
                found.append((place, place + 1))
            parted = False
        return tuple(found)

    def _joined(self, end: int, start: int) -> bool:
        """Say whether only a space is between two words of the same weight, and no bracket that could change it."""
        between = without_invisible(self.original[end:start]).replace("_", " ")
        return not between.strip() and self.weights[end - 1] == self.weights[start]


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A canvas with all syntax taken off."""

    canvas: Canvas
    text: str
    places: tuple[int, ...]
    """For each character of `text` its place on the canvas."""
    writing: tuple[Span, ...]
    unwanted: list[str]


def normalise(prompt: str, *, negative: str | None = None) -> Prompt:
    """Take the syntax off a prompt.

    Args:
        prompt: What the picture should show.
        negative: What it should not show; added to what the prompt says by `--no`.

    Raises:
        InputError: If the prompt is blank or nothing but syntax and punctuation, or either text is too long.
    """
    reading = _read(check_prompt(prompt))
    if negative is not None and len(negative) > MAX_PROMPT_CHARACTERS:
        raise InputError(f"`negative` must have at most {MAX_PROMPT_CHARACTERS} characters, got {len(negative)}.")
    if not has_word(reading.text):
        if any(map(has_word, reading.unwanted)):
            raise InputError("The prompt only says what is not wanted; say what the picture should show.")
        raise InputError("The prompt has no words left once weights, flags and punctuation are taken off.")
    canvas, text = reading.canvas, reading.text
    unwanted = [_read(part).text for part in (*reading.unwanted, negative or "")]
    origins = tuple(canvas.places[place] for place in reading.places)
    hidden = hide(text, reading.writing)
    return Prompt(
        original=prompt,
        text=text,
        origins=origins,
        weights=_weights(reading, len(prompt)),
        weighting=frozenset(canvas.places[place] for place in canvas.weighting),
        segments=split_segments(hidden),
        writing=reading.writing,
        negative=", ".join(part for part in unwanted if has_word(part)) or None,
        unjudged=tuple(
            (origins[start], origins[end - 1] + 1)
            for start, end in split_parts(hidden)
            if is_boilerplate(hidden[start:end])
        ),
    )


def _read(prompt: str) -> _Reading:
    canvas = Canvas(prompt)
    take_names(canvas)
    named = canvas.text
    quotations = find_quotations(named)
    for place in (place for span in quotations for place in span if named[place] in SINGLE):
        canvas.take(place, place + 1)  # double ones are syntax wherever they stand
    unwanted = take_flags(canvas)
    take_brackets(canvas, quotations)
    take_colons(canvas)
    take_signs(canvas, quotations)
    take_keywords(canvas)
    text, places = _collapse(canvas)
    spans = ((bisect_left(places, start), bisect_left(places, end)) for start, end in find_writing(named, quotations))
    return _Reading(
        canvas=canvas,
        text=text,
        places=places,
        writing=tuple(_trimmed(text, span) for span in spans if has_word(text[slice(*span)])),
        unwanted=unwanted,
    )


def _weights(reading: _Reading, length: int) -> tuple[float, ...]:
    """Return the weights of all characters of a prompt.

    What is no word weighs 1, or a weight could come to be written around half a bracket; an invisible
    character has the weight of the one before it.
    """
    canvas = reading.canvas
    words = {place for place, character in zip(reading.places, reading.text, strict=True) if character not in "; "}
    weights: list[float] = []
    for place, (weight, origin) in enumerate(zip(canvas.weights(), canvas.places, strict=True)):
        weights += [weights[-1] if weights else 1.0] * (origin - len(weights))
        joins = canvas.characters[place] == "_" or canvas.source[place].isspace()
        weights.append(weight if place in words or joins else 1.0)
    return tuple(weights + [weights[-1] if weights else 1.0] * (length - len(weights)))


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    part = text[start:end]
    return start + len(part) - len(part.lstrip(" ,;")), start + len(part.rstrip(" ,;"))


def _collapse(canvas: Canvas) -> tuple[str, tuple[int, ...]]:
    """Join the characters with single spaces and separators, none at either end; return their places too."""
    text: list[str] = []
    origins: list[int] = []
    plain = canvas.plain
    for place, written in enumerate(plain):
        character = " " if written.isspace() else written
        last = text[-1] if text else ";"
        if character == " " and (last == " " or not text):
            continue
        if text and last == " " and (character in ",;" or _ends_word(canvas.source, plain, origins[-1], place)):
            text.pop()
            origins.pop()
            last = text[-1]
        if character in ",;" and last in ",;":
            if text and character == ";":
                text[-1] = ";"  # the stronger separator stays
            continue
        text.append(character)
        origins.append(place)
    while text and text[-1] in " ,;":
        text.pop()
        origins.pop()
    return "".join(text), tuple(origins)


def _ends_word(source: str, plain: str, gap: int, stop: int) -> bool:
    """Say whether a stop belongs to the word before a gap that is syntax alone, as in `(a red cat:1.2).`."""
    if plain[stop] not in _STOPS or plain[stop + 1 : stop + 2].isalnum():
        return False
    return plain[gap - 1] not in ",;" and not any(map(str.isspace, source[gap:stop]))
