from __future__ import annotations

from pathlib import Path

import pytest

from grefine_core import InputError
from pqmap.folders.linking import link_pictures


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Return three files, two of one name."""
    found = [tmp_path / name for name in ("a/x.png", "b/x.png", "b/y.png")]
    for path in found:
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(path))
    return found


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_links_lead_to_the_pictures_and_names_do_not_collide(pictures: list[Path], tmp_path: Path) -> None:
    assert link_pictures(pictures, tmp_path / "new" / "kept") == 3
    found = content(tmp_path / "new" / "kept")
    assert sorted(found.values()) == sorted(map(str, pictures))
    assert found["x.png"] == str(pictures[0])
    assert all(path.is_symlink() for path in (tmp_path / "new" / "kept").iterdir())


def test_relative_paths_give_links_that_hold(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    link_pictures([Path("a/x.png")], Path("kept"))
    assert content(tmp_path / "kept") == {"x.png": str(pictures[0])}


def test_rerun_makes_nothing_and_is_no_error(pictures: list[Path], tmp_path: Path) -> None:
    link_pictures(pictures, tmp_path / "kept")
    before = content(tmp_path / "kept")
    assert link_pictures(pictures[::-1], tmp_path / "kept") == 0
    assert content(tmp_path / "kept") == before


def test_file_of_the_same_name_is_never_touched(pictures: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "x.png").write_text("precious")
    (kept / "y.png").symlink_to("nowhere")
    link_pictures(pictures, kept)
    assert (kept / "x.png").read_text() == "precious"
    assert (kept / "y.png").readlink() == Path("nowhere")
    (kept / "y.png").unlink()
    assert sorted(content(kept).values()) == sorted(["precious", *map(str, pictures)])


def test_both_names_taken_is_an_error(pictures: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    link_pictures([pictures[0], pictures[1]], kept)
    (long,) = [path for path in kept.iterdir() if path.name != "x.png"]
    long.unlink()
    long.write_text("precious")
    with pytest.raises(InputError, match=r"exist and are not .*b/x\.png; nothing is written over\."):
        link_pictures([pictures[1]], kept)
    assert long.read_text() == "precious"


def test_missing_picture_is_refused_before_any_link(pictures: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png does not exist here; a table's paths hold"):
        link_pictures([*pictures, tmp_path / "gone.png"], tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_system_without_symbolic_links_gets_hard_ones(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert link_pictures(pictures, tmp_path / "kept") == 3
    assert link_pictures(pictures, tmp_path / "kept") == 0
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(InputError, match="cannot be made, as symbolic or as hard link"):
        link_pictures(pictures, tmp_path / "other")


def test_folder_that_is_a_file_is_refused(pictures: list[Path], tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(InputError, match=r"The folder .*kept cannot be made: File exists"):
        link_pictures(pictures, tmp_path / "kept")
