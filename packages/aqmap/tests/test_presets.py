from __future__ import annotations

import pytest

import aqmap
from aqmap import presets
from grefine_core import InputError


def test_scorer_that_is_absent_is_told_before_other_models_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(presets, "load_encoder", lambda *names, **_: loaded.extend(names))
    monkeypatch.setattr(presets, "load_parser", loaded.append)
    with pytest.raises(InputError, match="Scorer `none` is not known"):
        aqmap.load("mini", scorer="none")
    assert loaded == []
