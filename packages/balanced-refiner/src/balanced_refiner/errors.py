"""What this package raises beside the errors of grefine-core."""

from __future__ import annotations


class RefineError(RuntimeError):
    """A backend gave nothing that may be used; the message says what it gave, in one sentence."""


class Cancelled(Exception):  # noqa: N818 - the user's wish is no error
    """Raise it from a progress callback to stop a refinement; it passes through everything untouched."""
