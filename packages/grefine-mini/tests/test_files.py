"""The pack is whole, and says so when it is not."""

from __future__ import annotations

import pytest

from grefine_core import WeightsError
from grefine_mini.files import WEIGHTS, own_file, own_files
from grefine_mini.presets import DIFFUSION, ENCODER, PAIRS, PARSER

MEGABYTE = 1_000_000


@pytest.mark.parametrize("preset", [ENCODER, PAIRS, PARSER, DIFFUSION])
def test_files_of_each_preset_are_there_and_intact(preset) -> None:
    files = preset.files()
    assert files
    assert [file.verify() for file in files] == [file.path for file in files]


def test_manifest_lists_every_file_of_the_pack() -> None:
    here = {p for p in WEIGHTS.rglob("*") if p.is_file() and p.name != "sha256.json"}
    assert {file.path for file in own_files()} == here


def test_no_file_is_larger_than_sixty_megabytes() -> None:
    assert max(file.path.stat().st_size for file in own_files()) < 60 * MEGABYTE


def test_unlisted_name_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"does not list nothing\.bin"):
        own_file("nothing.bin")


def test_absent_manifest_is_refused(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"sha256\.json is missing"):
        own_files(folder=tmp_path)
