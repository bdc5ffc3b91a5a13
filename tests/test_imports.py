"""Importing a package is cheap: heavy libraries come with first use."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = ["grefine_core", "pqmap", "aqmap", "balanced_refiner", "grefine", "grefine_mini"]
HEAVY = {"PIL", "diffusers", "numpy", "open_clip", "scipy", "skimage", "stanza", "torch", "torchvision", "transformers"}


def loaded_by(code: str) -> set[str]:
    """Return which heavy libraries a fresh interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*sorted(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", PACKAGES)
def test_import_of_a_package_loads_nothing_heavy(package: str) -> None:
    assert loaded_by(f"import {package}") == set()


@pytest.mark.parametrize("module", ["pqmap.cli", "aqmap.cli", "grefine.cli"])
def test_import_of_a_command_line_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_can_be_imported(package: str) -> None:
    module = importlib.import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)


def test_loading_the_pipeline_does_not_load_what_only_other_presets_need() -> None:
    assert (
        loaded_by("from grefine.pipeline import GRefiner") & {"diffusers", "open_clip", "stanza", "torchvision"}
        == set()
    )
