from __future__ import annotations

from pathlib import Path

import pytest

from aqmap.commands.phrase_maps import check_phrase_maps, file_name
from grefine_core import InputError


@pytest.mark.parametrize(
    ("index", "count", "text", "name"),
    [
        (0, 1, "red cat", "01-red-cat.png"),
        (11, 120, "on hat", "012-on-hat.png"),
        (0, 2, "../../etc/passwd", "01-etc-passwd.png"),
        (1, 2, "CON: a|b*c?\0", "02-con-a-b-c.png"),
        (0, 1, "Größe 猫", "01-größe-猫.png"),
        (0, 1, "...", "01.png"),
        (0, 1, "🐈", "01.png"),
        (0, 1, "word " * 30, "01-word-word-word-word-word-word-word-word.png"),
    ],
)
def test_name_is_numbered_and_safe(index: int, count: int, text: str, name: str) -> None:
    assert file_name(index, count, text) == name


def test_folder_that_is_new_or_empty_is_taken_and_not_left_behind(tmp_path: Path) -> None:
    check_phrase_maps(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    check_phrase_maps(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "02-old.png").touch()
    with pytest.raises(InputError, match="is not empty; name a new one"):
        check_phrase_maps(tmp_path)
