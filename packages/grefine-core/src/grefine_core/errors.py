"""The two kinds of error that a caller can do something about; their text is one sentence."""

from __future__ import annotations


class InputError(ValueError):
    """The caller's input breaks a rule; the message names the input, the rule and what came."""


class WeightsError(RuntimeError):
    """A weights file is absent, altered or made for something else; the message names the file."""
