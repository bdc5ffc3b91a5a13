from __future__ import annotations

import logging
from importlib.metadata import EntryPoint

import pytest

from grefine_core import InputError, Preset, load_preset, preset_entries, presets

TINY = Preset(summary="tiny", load=lambda: "loaded", files=lambda: ())


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Offer the named presets in the group `grefine.tests`; the list may be changed."""
    names = ["small", "large"]

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, "pack:TINY", group) for name in names] if group == "grefine.tests" else []

    monkeypatch.setattr(presets, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda _: TINY)
    presets._note_default.cache_clear()
    return names


def test_entries_are_in_alphabetical_order() -> None:
    assert list(preset_entries("grefine.tests")) == ["large", "small"]


def test_preset_is_loaded_by_name() -> None:
    assert load_preset("grefine.tests", "small") is TINY


def test_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(InputError) as caught:
        load_preset("grefine.tests", "huge")
    assert "`huge` is not installed for grefine.tests; installed: large, small" in str(caught.value)


def test_hint_at_the_mini_pack_is_given_only_where_it_is_not_installed(installed: list[str]) -> None:
    with pytest.raises(InputError, match="`pip install grefine-mini` brings `mini`"):
        load_preset("grefine.tests", "mini")
    installed.append("mini")
    with pytest.raises(InputError) as caught:
        load_preset("grefine.tests", "huge")
    assert "pip install" not in str(caught.value)


def test_group_without_presets_says_none() -> None:
    with pytest.raises(InputError, match="installed: none"):
        load_preset("grefine.other", "small")


def test_default_preset_is_noted_once_a_process(installed: list[str], caplog: pytest.LogCaptureFixture) -> None:
    installed.append("mini")
    with caplog.at_level(logging.INFO, logger="grefine_core"):
        load_preset("grefine.tests", "small")
        assert caplog.messages == []
        load_preset("grefine.tests", "mini")
        load_preset("grefine.tests", "mini")
    assert caplog.messages == ["Using the preset `mini`: small and offline; `vit-b-16` and `vit-l-14` see more."]
