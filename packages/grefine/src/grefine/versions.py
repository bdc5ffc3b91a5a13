"""Installed versions, read from package metadata without importing anything."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

OWN_PACKAGES = ("grefine", "grefine-core", "pqmap", "aqmap", "balanced-refiner", "grefine-mini")
LIBRARIES = ("torch", "numpy", "pillow", "diffusers", "stanza", "transformers")
"""What can change a result."""


def package_versions(names: Sequence[str]) -> dict[str, str | None]:
    """Return the installed version of each distribution, None where there is none."""
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
