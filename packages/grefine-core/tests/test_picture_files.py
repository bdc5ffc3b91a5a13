from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from grefine_core import InputError, count_pixels, find_pictures, mirrored
from grefine_core.picture_files import picture_suffixes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return `pics` in the working folder, with pictures by name only."""
    monkeypatch.chdir(tmp_path)
    names = [
        "b.png",
        "a.JPG",
        "sub/c.webp",
        "sub/deep/größe 北京.png",
        ".hidden.png",
        ".git/x.png",
        "note.txt",
        "t.csv",
    ]
    for name in names:
        path = tmp_path / "pics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Path("pics")


def names(found: list[Path]) -> list[str]:
    return [path.as_posix() for path in found]


def test_folder_stands_for_all_pictures_below_it_sorted_without_hidden_ones(folder: Path) -> None:
    expected = ["pics/a.JPG", "pics/b.png", "pics/sub/c.webp", "pics/sub/deep/größe 北京.png"]
    assert names(find_pictures([folder])) == expected


def test_order_is_not_that_of_the_disk(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number * 17 % 40:02}.png").touch()
    assert [path.stem for path in find_pictures([tmp_path])] == [f"{number:02}" for number in range(40)]


def test_file_is_taken_whatever_its_suffix(folder: Path) -> None:
    assert names(find_pictures(["pics/note.txt", "pics/.hidden.png"])) == ["pics/note.txt", "pics/.hidden.png"]


def test_pattern_stands_for_its_matches_and_for_what_is_in_matching_folders(folder: Path) -> None:
    assert names(find_pictures(["pics/*.png"])) == ["pics/b.png"]
    assert names(find_pictures(["pics/s*"])) == ["pics/sub/c.webp", "pics/sub/deep/größe 北京.png"]
    assert names(find_pictures(["pics/**/*.png"])) == ["pics/b.png", "pics/sub/deep/größe 北京.png"]


def test_name_with_brackets_is_no_pattern_where_the_file_exists(folder: Path) -> None:
    (folder / "b [1].png").touch()
    assert names(find_pictures(["pics/b [1].png"])) == ["pics/b [1].png"]


def test_file_named_twice_comes_once_as_first_spelled(folder: Path) -> None:
    assert names(find_pictures(["pics/sub/../b.png", folder, (folder / "b.png").resolve()])) == [
        "pics/sub/../b.png",
        "pics/a.JPG",
        "pics/sub/c.webp",
        "pics/sub/deep/größe 北京.png",
    ]


def test_link_to_a_folder_is_not_followed(folder: Path) -> None:
    (folder / "sub" / "round").symlink_to(folder.resolve())
    assert len(find_pictures([folder])) == 4


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.png", "none.png does not exist."),
        ("pics/*.gif", "pics/*.gif matches no file."),
        ("empty", "The folder empty holds no pictures (no file ends in .png, .jpg, .webp, ...)."),
        ("broken.png", "broken.png is no file."),
    ],
)
def test_path_that_means_nothing_is_refused(path: str, message: str, folder: Path) -> None:
    Path("empty").mkdir()
    Path("broken.png").symlink_to("nowhere.png")
    with pytest.raises(InputError) as caught:
        find_pictures(["pics", path])
    assert str(caught.value) == message


def test_no_paths_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="No pictures were named"):
        find_pictures([])


def test_suffixes_are_those_that_pillow_reads() -> None:
    assert {".png", ".jpg", ".jpeg", ".webp", ".tif", ".bmp", ".gif"} <= picture_suffixes()
    assert not {".pdf", ".h5", ".mpg", ".txt", ".csv", ".npz"} & picture_suffixes()


def test_pixels_are_counted_by_the_header_alone(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("r+b") as file:
        file.truncate(60)  # the header is whole
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert (count_pixels(tmp_path / "a.png"), count_pixels(tmp_path / "b.png")) == (1200, 0)


def test_one_folder_is_mirrored_from_within(folder: Path) -> None:
    assert mirrored(folder / "sub/c.webp", [folder]).as_posix() == "sub/c.webp"


def test_pictures_of_one_name_stay_apart(folder: Path) -> None:
    (folder / "sub" / "b.png").touch()
    Path("b.png").touch()
    os.chdir("pics/sub")
    sources = [Path("b.png"), Path("../b.png"), Path("../../b.png"), Path.cwd() / "c.webp"]
    found = [mirrored(path, sources).as_posix() for path in find_pictures(sources)]
    assert found[:3] == ["b.png", "__/b.png", "__/__/b.png"]
    assert not Path(found[3]).is_absolute()
    assert len(set(found)) == 4
