"""Prompts for Stable Diffusion 1.x and XL: emphasis of eq. (7), and texts longer than CLIP reads.

An emphasised token's state is moved away from what the empty text has in its place,
``empty + w * (state - empty)``; below 1 towards it. compel computes the same for weights above 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from balanced_refiner.diffusion.conditioning import TextStates
from grefine_core import Emphasis, InputError

WEIGHTS = (0.1, 2.0)
"""Limits of a token's weight: beyond them states leave what the model has seen."""
_KEPT = 32
"""Texts whose states are kept: the regions of a picture share their prompt."""
_WORD = re.compile(r"\S+")
_PIECE = 16
"""Characters of a piece of an overlong word: at most 4 tokens each, as CLIP knows all bytes."""
_PAUSES = (",", ";", ".", "!", "?")

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plain:
    """A text as the encoders read it."""

    states: Tensor
    """Shape (1, L, W), float32."""
    parts: tuple[Span, ...]
    """Spans of the text, one for each 77 of L."""
    pooled: Tensor | None
    """Shape (1, P), float32, of the text's beginning; None for SD."""


class ClipConditioner:
    """The text side of an SD or SDXL pipeline, with one or two CLIP text encoders.

    Without emphases and up to CLIP's length the states are those of the pipeline's `encode_prompt`,
    bit for bit. A longer text is read in parts of 75 tokens, cut at word boundaries and best behind
    a comma.

    Args:
        pipe: A loaded pipeline; only its text encoders, tokenizers and configuration are used.
        negative_prompt: What is not wanted; if blank, what the pipeline takes for no negative prompt.

    Raises:
        InputError: If the pipeline has no text encoder.
    """

    def __init__(self, pipe: Any, *, negative_prompt: str = "") -> None:
        self._pipe, self._negative = pipe, negative_prompt.strip()
        names = [name for name in ("", "_2") if getattr(pipe, f"text_encoder{name}", None) is not None]
        self._sides = [(getattr(pipe, f"tokenizer{name}"), getattr(pipe, f"text_encoder{name}")) for name in names]
        if not self._sides:
            raise InputError(f"`{type(pipe).__name__}` has no text encoder, so it cannot read prompts.")
        self._xl = hasattr(pipe, "text_encoder_2")
        self._plain: Callable[[str], _Plain] = lru_cache(_KEPT)(self._read)

    @torch.no_grad()
    def __call__(self, prompt: str, emphases: Sequence[Emphasis]) -> TextStates:
        """Return the states of a prompt and of what is not wanted.

        Args:
            prompt: Plain text, of any length.
            emphases: Their spans are characters of `prompt`; where two overlap, what they add to 1 is
                added up. Weights are held to 0.1 ... 2.

        Returns:
            Hidden states on the device of the text encoders, L a multiple of 77; pooled ones of
            the plain text for SDXL.
        """
        empty, read, opposite = self._plain(""), self._plain(prompt), self._plain(self._negative)
        states, parts = read.states, len(read.parts)
        weights = self._weights(prompt, read.parts, emphases).to(states)
        if (weights != 1).any():
            nothing = empty.states.repeat(1, parts, 1)
            states = torch.where(weights == 1, states, nothing + weights * (states - nothing))
        parts = max(parts, len(opposite.parts))
        hidden = torch.cat([_fill(opposite.states, empty.states, parts), _fill(states, empty.states, parts)])
        pooled = None
        if read.pooled is not None and opposite.pooled is not None:
            pooled = torch.cat([opposite.pooled, read.pooled])
        if self._zeros:
            hidden[0] = 0
            pooled = None if pooled is None else pooled * torch.tensor([[0.0], [1.0]]).to(pooled)
        return TextStates(hidden=hidden, pooled=pooled)

    @property
    def _zeros(self) -> bool:
        """Whether the model was trained with zeros for no text, as SDXL was."""
        return self._xl and not self._negative and bool(self._pipe.config.get("force_zeros_for_empty_prompt", False))

    def _read(self, text: str) -> _Plain:
        """Read a text that is not emphasised."""
        parts = split_text(text, [tokenizer for tokenizer, _ in self._sides])
        runs = [[self._run(side, text[slice(*part)]) for part in parts] for side in self._sides]
        states = torch.cat([torch.cat([hidden for hidden, _ in side], 1) for side in runs], -1)
        if not self._xl:
            return _Plain(states=states, parts=parts, pooled=None)
        # of the beginning, as the pipeline does; a part may end before CLIP's length does
        pooled = runs[-1][0][1] if len(parts) == 1 else self._run(self._sides[-1], text)[1]
        return _Plain(states=states, parts=parts, pooled=pooled)

    def _run(self, side: tuple[Any, Any], text: str) -> tuple[Tensor, Tensor]:
        """Return states (1, 77, W) and pooled ones (1, P) of a text; alone, so that no other text changes it."""
        tokenizer, encoder = side
        read = _tokenize(tokenizer, text)
        mask = read.attention_mask if getattr(encoder.config, "use_attention_mask", False) else None
        device = self._pipe._execution_device  # where an offloaded encoder will be when it runs
        made = encoder(
            read.input_ids.to(device),
            attention_mask=None if mask is None else mask.to(device),
            output_hidden_states=True,
        )
        # XL was trained with the states before the last layer, and 1.x with the last ones
        return (made.hidden_states[-2] if self._xl else made[0]).float(), made[0].float()

    def _weights(self, prompt: str, parts: Sequence[Span], emphases: Sequence[Emphasis]) -> Tensor:
        """Return the weight of each token, shape (1, L, 1); special tokens weigh 1."""
        added = [0.0] * len(prompt)
        for emphasis in emphases:
            for place in range(max(0, emphasis.start), min(emphasis.end, len(prompt))):
                added[place] += emphasis.weight - 1
        tokenizer = self._sides[0][0]  # those of XL cut alike and only fill up differently
        low, high = WEIGHTS
        weights: list[float] = []
        for start, end in parts:
            for first, last in _tokenize(tokenizer, prompt[start:end]).offset_mapping[0].tolist():
                strongest = max(added[start + first : start + last], key=abs, default=0.0)
                weights.append(min(high, max(low, 1 + strongest)) if strongest else 1.0)
        return torch.tensor(weights).view(1, -1, 1)


def split_text(text: str, tokenizers: Sequence[Any]) -> tuple[Span, ...]:
    """Cut a text into parts that every tokenizer takes whole, and return their spans.

    A part ends behind the last word with a comma or stop in its second half, or else behind the
    last word that fits; a word that is too long by itself is cut, too.
    """
    room = min(tokenizer.model_max_length for tokenizer in tokenizers) - 2  # for start and end
    words = _count_words(text, tokenizers, room)
    if sum(count for _, count in words) <= room:
        return ((0, len(text)),)
    parts: list[Span] = []
    first = 0
    while first < len(words):
        last, filled, pause = first, 0, 0
        while last < len(words) and filled + words[last][1] <= room:
            filled += words[last][1]
            last += 1
            if filled * 2 >= room and text[words[last - 1][0][1] - 1] in _PAUSES:
                pause = last
        last = pause if pause and last < len(words) else last
        parts.append((words[first][0][0], words[last - 1][0][1]))
        first = last
    return tuple(parts)


def _count_words(text: str, tokenizers: Sequence[Any], room: int) -> list[tuple[Span, int]]:
    """Return the spans of words and how many tokens each needs at most; those over `room` in pieces."""

    def count(start: int, end: int) -> int:
        return max(len(t(text[start:end], add_special_tokens=False).input_ids) for t in tokenizers)

    found: list[tuple[Span, int]] = []
    for start, end in (match.span() for match in _WORD.finditer(text)):
        whole = count(start, end)
        if whole <= room:
            found.append(((start, end), whole))
            continue
        for place in range(start, end, _PIECE):  # of a script without spaces, most likely
            stop = min(place + _PIECE, end)
            found.append(((place, stop), count(place, stop)))
    return found


def _tokenize(tokenizer: Any, text: str) -> Any:
    """Return ids, mask and offsets of a text, each (1, 77), filled up and cut to length."""
    return tokenizer(
        text,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )


def _fill(states: Tensor, filling: Tensor, parts: int) -> Tensor:
    """Append `filling` (1, 77, W) until states (1, L, W) have a number of parts."""
    missing = parts - states.shape[1] // filling.shape[1]
    return torch.cat([states, *[filling] * missing], 1)
