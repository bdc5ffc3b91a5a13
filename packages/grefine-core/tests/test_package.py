from __future__ import annotations

import importlib
import subprocess
import sys

import grefine_core


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, grefine_core; print(sorted({'torch', 'numpy', 'PIL', 'scipy'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_public_name_can_be_imported() -> None:
    missing = [name for name in grefine_core.__all__ if not hasattr(grefine_core, name)]
    assert missing == []
    assert "Encoder" in grefine_core.__all__


def test_public_names_are_the_modules_own() -> None:
    assert grefine_core.cask is importlib.import_module("grefine_core.cask_effect").cask
