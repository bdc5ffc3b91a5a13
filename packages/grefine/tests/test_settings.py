from __future__ import annotations

from pathlib import Path

import pytest

from grefine import Settings, load_settings
from grefine_core import InputError


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_stand_where_nothing_is_said() -> None:
    assert load_settings() == Settings()


def test_file_overrides_defaults_and_flags_override_the_file(tmp_path: Path) -> None:
    config = write(tmp_path, "seed = 3\nsteps = 8\nguard = false\n")
    assert load_settings(config, {"steps": 12, "seed": None}) == Settings(seed=3, steps=12, guard=False)


def test_unknown_key_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Unknown setting `step`; known settings: preset, .*steps, guard"):
        load_settings(write(tmp_path, "step = 8\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 1\n", "`steps` must lie in 2 ... 1000"),
        ("steps = 1001\n", "`steps` must lie in 2 ... 1000"),
        ("seed = -1\n", "`seed` must lie in 0"),
        ("steps = '8'\n", "`steps` must be int, got str"),
        ("steps = true\n", "`steps` must be int, got bool"),
        ("guard = 1\n", "`guard` must be bool, got int"),
        ("steps = 8.0\n", "`steps` must be int, got float"),
        ("mask = 'hard'\n", "`mask` must be one of otsu, fixed, quantile, soft, got `hard`"),
        ("order = 'best'\n", "`order` must be one of worst"),
        ("mild_pass = 'no'\n", "`mild_pass` must be one of auto"),
        ("threshold = 0\n", "`threshold` must lie in (0, 2]"),
        ("threshold = nan\n", "`threshold` must lie in (0, 2]"),
        ("threshold = true\n", "`threshold` must be float, got bool"),
        ("min_area = 1.0\n", "`min_area` must lie in [0, 1)"),
        ("strength = 1.5\n", "`strength` must lie in [0, 1]"),
        ("rounds = 0\n", "`rounds` must lie in 1"),
        ("max_regions = 0\n", "`max_regions` must be at least 1"),
        ("[steps]\n", "`steps` must be int, got dict"),
        ("steps = \n", "not valid TOML"),
    ],
)
def test_bad_value_is_refused_and_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_settings(write(tmp_path, text))
    assert message in str(caught.value)


def test_whole_number_will_do_where_a_fraction_may_stand(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "threshold = 1\n")) == Settings(threshold=1.0)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(InputError, match="does not exist or is a folder"):
            load_settings(path)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(InputError, match="not valid TOML"):
        load_settings(tmp_path / "picture.toml")
