from __future__ import annotations

from pathlib import Path

import pytest

from grefine.outputs import all_or_nothing, check_input_survives, output_folder
from grefine_core import InputError


def test_failed_run_takes_away_the_folders_made_for_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), output_folder(tmp_path / "a" / "b"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_failed_run_leaves_a_folder_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(KeyboardInterrupt), output_folder(tmp_path):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_files_appear_together_at_the_end(tmp_path: Path) -> None:
    with all_or_nothing(tmp_path) as scratch:
        (scratch / "a").write_text("a")
        (scratch / "b").write_text("b")
        assert not (tmp_path / "a").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_error_while_writing_leaves_the_old_files_alone(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(error), all_or_nothing(tmp_path) as scratch:  # noqa: PT012 - the block is what is tested
        (scratch / "a").write_text("new")
        raise error
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_full_disk_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No space left"), all_or_nothing(tmp_path):
        raise OSError(28, "No space left on device")


def test_folder_in_the_place_of_a_result_is_refused_before_any_file_moves(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="b is a folder"), all_or_nothing(tmp_path) as scratch:  # noqa: PT012
        (scratch / "a").touch()
        (scratch / "b").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_input_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(InputError, match="would replace the input"):
        check_input_survives(tmp_path / "refined.png", tmp_path / "link", ["refined.png"])
