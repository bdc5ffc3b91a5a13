from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from grefine import doctor
from grefine_core import Preset, WeightsFile


@pytest.fixture
def install(monkeypatch):
    """Return a function that makes one preset the only one of the first group."""

    def install(preset: Preset | Exception) -> None:
        class Entry:
            def load(self) -> Preset:
                if isinstance(preset, Exception):
                    raise preset
                return preset

        monkeypatch.setattr(doctor, "preset_entries", lambda _: {"mini": Entry()})

    return install


def presets(*, verify: bool = False) -> list[doctor.Finding]:
    return [finding for finding in doctor.examine(verify=verify) if finding.topic == "presets"]


def test_absent_file_is_found_with_its_cure(install, tmp_path) -> None:
    install(Preset(summary="", load=lambda: None, files=lambda: [WeightsFile(tmp_path / "absent.pt", "0" * 64)]))
    finding = presets()[0]
    assert "1 of 1 files missing" in finding.state
    assert "absent.pt" in finding.state
    assert finding.fix == "pip install --force-reinstall grefine-mini"


def test_altered_file_is_found_only_if_asked_to_verify(install, tmp_path) -> None:
    (tmp_path / "altered.pt").write_bytes(b"altered")
    install(Preset(summary="", load=lambda: None, files=lambda: [WeightsFile(tmp_path / "altered.pt", "0" * 64)]))
    assert presets()[0].state == "1 files there"
    assert presets()[0].fix == ""
    assert "sha256" in presets(verify=True)[0].state
    assert presets(verify=True)[0].fix


def test_file_that_the_first_use_downloads_is_no_fault(install, tmp_path) -> None:
    def download() -> None:
        pytest.fail("looking must not download")

    file = WeightsFile(tmp_path / "later.pt", "0" * 64, download=download)
    install(Preset(summary="", load=lambda: None, files=lambda: [file]))
    for verify in (False, True):
        finding = presets(verify=verify)[0]
        assert finding.state == f"not downloaded: {tmp_path / 'later.pt'}"
        assert finding.fix == ""


def test_absent_file_of_a_package_is_a_fault_though_others_can_be_downloaded(install, tmp_path) -> None:
    files = [
        WeightsFile(tmp_path / "later.pt", "0" * 64, download=lambda: None),
        WeightsFile(tmp_path / "shipped.pt", "0" * 64),
    ]
    install(Preset(summary="", load=lambda: None, files=lambda: files))
    assert presets()[0].fix


def test_broken_pack_does_not_hide_the_others(install) -> None:
    install(ImportError("no module\nnamed pack"))
    found = presets()
    assert len(found) == 4
    assert found[0].state == "no module named pack"


def test_no_preset_at_all_is_found_with_its_cure(monkeypatch) -> None:
    empty: dict[str, EntryPoint] = {}
    monkeypatch.setattr(doctor, "preset_entries", lambda _: empty)
    assert [(finding.state, bool(finding.fix)) for finding in presets()] == [("none installed", True)] * 4


def test_absent_package_is_found(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", ("no-such-distribution",))
    finding = next(f for f in doctor.examine() if f.name == "no-such-distribution")
    assert (finding.state, finding.fix) == ("not installed", "pip install no-such-distribution")


def test_models_that_the_first_use_downloads_are_listed_as_no_fault(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    found = {finding.name: finding for finding in presets()}
    for name in ("sd15", "sdxl"):
        finding = found[f"grefine.diffusion: {name}"]
        assert finding.state.startswith(f"not downloaded: {tmp_path}")
        assert finding.fix == ""
