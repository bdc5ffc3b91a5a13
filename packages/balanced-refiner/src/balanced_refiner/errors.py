"""What this package raises beside the errors of grefine-core."""

from __future__ import annotations


class RefineError(RuntimeError):
    """A backend gave nothing that may be used; the message says what it gave, in one sentence."""


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Raised by a listener to stop a refinement; nothing here catches it, and no picture comes back."""
