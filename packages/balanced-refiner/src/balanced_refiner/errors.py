"""The one error that this package adds to those of grefine-core."""

from __future__ import annotations


class RefineError(RuntimeError):
    """A backend gave nothing that may be used; the message says what it gave, in one sentence."""
