from __future__ import annotations

import re

import pytest

from grefine_core import WeightsError
from grefine_core.hub_lock import LOCK_FILE, PINS, HubPin, find_pin, record_pin

PIN = HubPin(repo="a/b", file="w.bin", revision="1" * 40, sha256="2" * 64)


def test_recorded_pin_is_found_again_beside_others(tmp_path) -> None:
    other = HubPin(repo="a/c", file="w.bin", revision="3" * 40, sha256="4" * 64)
    record_pin(tmp_path / "new", PIN)
    record_pin(tmp_path / "new", other)
    assert find_pin(tmp_path / "new", "a/b", "w.bin") == PIN
    assert find_pin(tmp_path / "new", "a/c", "w.bin") == other
    assert find_pin(tmp_path / "new", "a/b", "other.bin") is None


def test_known_pins_hold_without_a_lock_file_and_cannot_be_overruled(tmp_path) -> None:
    known = PINS[0]
    record_pin(tmp_path, HubPin(repo=known.repo, file=known.file, revision="0" * 40, sha256="0" * 64))
    assert find_pin(tmp_path, known.repo, known.file) == known


def test_known_pins_name_whole_commits_and_digests() -> None:
    assert all(re.fullmatch("[0-9a-f]{40}", pin.revision) for pin in PINS)
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in PINS)
    assert len({(pin.repo, pin.file) for pin in PINS}) == len(PINS)


@pytest.mark.parametrize("content", ["{", "[]", '{"a/b/w.bin": {}}', '{"a/b/w.bin": 1}'])
def test_damaged_lock_file_is_named(tmp_path, content) -> None:
    (tmp_path / LOCK_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=r"hub-lock\.json is damaged; delete it"):
        find_pin(tmp_path, "a/b", "w.bin")
