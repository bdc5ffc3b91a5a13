"""A prompt taken apart, before any image is seen: its tree, its phrases, and which of them can be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aqmap.ancestors import find_ancestors
from aqmap.judgeable import Reason, find_reasons
from aqmap.parsing.parser import ParsedPrompt, Parser, parse_prompts
from aqmap.parsing.tree import Tree
from aqmap.phrases import Phrase, find_phrases, is_content
from aqmap.prompts.prompt import Prompt, normalise
from grefine_core import InputError


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is known of a prompt without an image."""

    prompt: Prompt
    parsed: ParsedPrompt
    phrases: tuple[Phrase, ...]
    ancestors: tuple[int, ...]
    """For each phrase the one that it hangs on, by Algorithm 1; itself where there is none."""
    reasons: tuple[Reason | None, ...]
    """For each phrase why it cannot be judged; None where it can."""
    negative: Reading | None
    """What is not wanted, read likewise; None where nothing is named."""

    @property
    def tree(self) -> Tree:
        """The tokens, with their places in the user's text."""
        return self.parsed.tree

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """All that is matched with an image: the prompt, then noun and phrase by turns, those not wanted last."""
        unwanted = self.negative.texts[1:] if self.negative else ()
        return (
            self._judged_text,
            *(self.wording(words) for p in self.phrases for words in (p.noun, p.tokens)),
            *unwanted,
        )

    @cached_property
    def coverage(self) -> float:
        """Share of the content words that are in a phrase which is judged, in [0, 1]."""
        content = {token.index for token in self.tree.tokens if is_content(token)}
        judged = {
            index
            for phrase, reason in zip(self.phrases, self.reasons, strict=True)
            if reason is None
            for index in phrase.tokens
        }
        return len(content & judged) / len(content) if content else 0.0

    def wording(self, tokens: tuple[int, ...]) -> str:
        """Return tokens in rising order as a text of their own."""
        return self.tree.wording(tokens)

    def spans(self, phrase: Phrase) -> tuple[tuple[int, int], ...]:
        """Return the stretches of a phrase's words in the user's text.

        Articles between its words are within, words of other phrases are not.
        """
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

    @property
    def _judged_text(self) -> str:
        """The plain text without praise such as "best quality"; all of it where nothing else is left."""
        prompt, kept = self.prompt, [""]
        for character, place in zip(prompt.text, prompt.origins, strict=True):
            if not any(start <= place < end for start, end in prompt.unjudged):
                kept[-1] += character
            elif kept[-1]:
                kept.append("")
        return ", ".join(filter(None, (part.strip(" ,;") for part in kept))) or prompt.text


def read_prompts(
    prompts: Sequence[str],
    parser: Parser,
    *,
    negatives: Sequence[str | None] | None = None,
    join_compounds: bool = True,
) -> list[Reading | InputError]:
    """Take prompts apart, all of them in one call of the parser; a bad one gives its error, and the others go on.

    Args:
        prompts: As users write them.
        parser: Makes the trees.
        negatives: For each prompt what is not wanted beside what it says of that itself; None for nothing.
        join_compounds: See `find_phrases`.
    """
    wanted = [
        _normalise(prompt, negative)
        for prompt, negative in zip(prompts, negatives or [None] * len(prompts), strict=True)
    ]
    unwanted = [_not_wanted(prompt) for prompt in wanted]
    sources = [prompt for prompt in (*wanted, *unwanted) if isinstance(prompt, Prompt)]
    parsed = {id(prompt): tree for prompt, tree in zip(sources, parse_prompts(sources, parser), strict=True)}

    def read(prompt: Prompt, negative: Reading | None = None, *, parts_apart: bool = False) -> Reading:
        found = parsed[id(prompt)]
        phrases = find_phrases(found.tree, join_compounds=join_compounds, parts_apart=parts_apart)
        return Reading(
            prompt=prompt,
            parsed=found,
            phrases=phrases,
            ancestors=find_ancestors(found.tree, phrases),
            reasons=find_reasons(prompt, found.tree, phrases),
            negative=negative,
        )

    return [
        read(prompt, read(against, parts_apart=True) if against else None) if isinstance(prompt, Prompt) else prompt
        for prompt, against in zip(wanted, unwanted, strict=True)
    ]


def _normalise(prompt: str, negative: str | None) -> Prompt | InputError:
    try:
        return normalise(prompt, negative=negative)
    except InputError as error:
        return error


def _not_wanted(prompt: Prompt | InputError) -> Prompt | None:
    """Return what a prompt does not want as a prompt of its own; None where that says nothing."""
    if isinstance(prompt, InputError) or prompt.negative is None:
        return None
    try:
        return normalise(prompt.negative)
    except InputError:
        return None
