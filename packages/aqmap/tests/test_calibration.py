from __future__ import annotations

import hashlib
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from aqmap import calibration as calibrations
from aqmap.calibration import FILE_NAME, Calibration, calibrate, find_calibration, path_beside
from aqmap.settings import AlignmentSettings
from grefine_core import InputError, Preset, WeightsError, WeightsFile

KNOWN = Calibration(
    encoder="planted",
    a_bound=0.4,
    beta=0.6,
    temperature=12.5,
    data="größe.csv, 40 rows",
    rows=50,
    metrics={"srcc": 0.71},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = KNOWN.write(tmp_path / "c.json")
    assert Calibration.read(path) == KNOWN
    assert [file.name for file in tmp_path.iterdir()] == ["c.json"]


def test_numbers_go_into_settings_and_leave_the_rest() -> None:
    found = KNOWN.to_settings(AlignmentSettings(literal=True, beta=0.9, templates=("a {}",)))
    assert (found.a_bound, found.beta, found.temperature) == (0.4, 0.6, 12.5)
    assert found.literal
    assert found.templates == ("a {}",)


def test_numbers_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="`beta` must lie in"):
        Calibration(encoder="planted", a_bound=0.5, beta=0.0, temperature=10)


def test_file_for_another_encoder_is_refused_with_both_names(tmp_path: Path, planted: Any) -> None:
    path = KNOWN.write(tmp_path / "c.json")
    planted.name = "other"
    with pytest.raises(WeightsError, match=r"The calibration .*c\.json fits the encoder `planted`, not `other`\."):
        Calibration.read(path, encoder=planted)


GOOD: dict[str, Any] = {
    "format": "aqmap-calibration",
    "version": 1,
    "encoder": "e",
    "a_bound": 0.5,
    "beta": 0.5,
    "temperature": 10,
    "data": "",
    "rows": 4,
    "metrics": {},
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no calibration of `aqmap fit`"),
        (json.dumps(GOOD | {"format": "other"}), "is no calibration of `aqmap fit`"),
        (json.dumps(GOOD | {"version": 2}), "has version 2; this program reads 1"),
        (json.dumps(GOOD | {"beta": "0.5"}), "has no usable `beta`: '0.5'"),
        (json.dumps(GOOD | {"beta": True}), "has no usable `beta`: True"),
        (json.dumps({name: value for name, value in GOOD.items() if name != "encoder"}), "no usable `encoder`: None"),
        (json.dumps(GOOD | {"temperature": -1}), "is of no use: `temperature` must be above 0"),
        (json.dumps(GOOD | {"temperature": float("nan")}), "is of no use: `temperature` must be above 0"),
    ],
)
def test_broken_file_is_refused_in_one_sentence(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(WeightsError, match=message):
        Calibration.read(path)


def test_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"c\.json cannot be read: No such file"):
        Calibration.read(tmp_path / "c.json")


def test_altered_file_of_a_package_is_refused(tmp_path: Path) -> None:
    path = KNOWN.write(tmp_path / "c.json")
    file = WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert Calibration.read(file) == KNOWN
    with pytest.raises(WeightsError, match="has sha256"):
        Calibration.read(WeightsFile(path, "0" * 64))


def test_folder_and_file_have_places_of_their_own_and_other_presets_none(tmp_path: Path) -> None:
    weights = tmp_path / "clip.pt"
    weights.touch()
    assert path_beside(str(tmp_path)) == path_beside(f"local-dir:{tmp_path}") == tmp_path / FILE_NAME
    assert path_beside(str(weights)) == tmp_path / f"clip.pt.{FILE_NAME}"
    assert path_beside("mini") is None
    assert path_beside("ViT-B-32/laion2b_s34b_b79k") is None


def test_calibration_beside_a_local_preset_is_found(tmp_path: Path, planted: Any) -> None:
    assert find_calibration(str(tmp_path), planted) is None
    KNOWN.write(tmp_path / FILE_NAME)
    assert find_calibration(str(tmp_path), planted) == KNOWN


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a package offer a calibration for the preset `tiny`."""
    path = KNOWN.write(tmp_path / "offered.json")
    file = WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest())
    preset = Preset(summary="tiny", load=lambda: file, files=lambda: [file])
    entry = EntryPoint("tiny", "tests:TINY", calibrations.ALIGNMENTS)
    monkeypatch.setattr(EntryPoint, "load", lambda _: preset)
    there = lambda group: [entry] if group == calibrations.ALIGNMENTS else []  # noqa: E731
    monkeypatch.setattr("grefine_core.presets.entry_points", there)
    return path


@pytest.mark.usefixtures("offered")
def test_calibration_of_a_package_is_found_by_the_name_of_its_preset(planted: Any) -> None:
    assert find_calibration("tiny", planted) == KNOWN
    assert find_calibration("other", planted) is None


@pytest.mark.usefixtures("offered")
def test_named_file_comes_before_own_numbers_and_these_before_the_preset(tmp_path: Path, planted: Any) -> None:
    named = Calibration(encoder="planted", a_bound=0.3, beta=0.3, temperature=3).write(tmp_path / "named.json")
    own, plain = AlignmentSettings(beta=0.9), AlignmentSettings(literal=True)
    assert calibrate(own, "tiny", planted, path=named).temperature == 3
    assert calibrate(own, "tiny", planted) == own
    assert calibrate(plain, "tiny", planted) == KNOWN.to_settings(plain)
    assert calibrate(plain, "other", planted) == plain
