from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from grefine.databases import DATABASES
from grefine_core import InputError

CSV = """,name,prompt,style,class,quality_mos,authenticity_mos,correspondence_mos,quality_std
0,0.png,a corgi,Basic,Animals,60.1,47.2,59.9,0.9
1,1.png,a corgi,Basic,Animals,54.7,42.5,57.2,1.2
"""


@pytest.fixture
def released(tmp_path: Path, spreadsheet: Any) -> Path:
    """Return a copy as it is released: MATLAB files and the spreadsheet of prompts."""
    (tmp_path / "DATA" / "MOS").mkdir(parents=True)
    for place in (1, 2, 3):
        savemat(tmp_path / "DATA" / "MOS" / f"mosz{place}.mat", {"MOSz": np.arange(2400.0)[:, None] / 100 + place})
    prompts = [[f"Challenge {place // 50}", "Animals", f"prompt {place}"] for place in range(100)]
    spreadsheet(tmp_path / "AIGCIQA2023_Prompts.xlsx", [["Challenge", "Category", "Prompt"], *prompts])
    return tmp_path


def test_csv_is_read(tmp_path: Path, paint: Any) -> None:
    (tmp_path / "AIGCIQA2023.csv").write_text(CSV)
    paint(tmp_path / "Image" / "allimg" / "1.png")
    first, second = DATABASES["aigciqa2023"].read(tmp_path)
    assert first.labels == {"quality": 60.1, "authenticity": 47.2, "alignment": 59.9}
    assert (first.style, first.model, first.spread) == ("Basic", "model 1", {})
    assert second.image == tmp_path / "Image" / "allimg" / "1.png"


def test_release_is_read_by_model_then_prompt(released: Path) -> None:
    items = DATABASES["aigciqa2023"].read(released)
    assert len(items) == DATABASES["aigciqa2023"].count == 2400
    assert [items[place].prompt for place in (0, 3, 4, 399, 400)] == [f"prompt {n}" for n in (0, 0, 1, 99, 0)]
    assert [items[place].model for place in (399, 400, 2399)] == ["model 1", "model 2", "model 6"]
    assert items[400].labels == {"quality": 5.0, "authenticity": 6.0, "alignment": 7.0}
    assert items[7].id == "7.png"


def test_missing_part_of_the_release_is_named(released: Path) -> None:
    (released / "DATA" / "MOS" / "mosz2.mat").unlink()
    with pytest.raises(InputError, match=r"has no mosz2\.mat"):
        DATABASES["aigciqa2023"].read(released)


def test_damaged_matlab_file_is_named(released: Path) -> None:
    (released / "DATA" / "MOS" / "mosz3.mat").write_bytes(b"no matlab file")
    with pytest.raises(InputError, match=r"mosz3\.mat holds no scores `MOSz`"):
        DATABASES["aigciqa2023"].read(released)


def test_scores_for_other_pictures_are_refused(released: Path) -> None:
    savemat(released / "DATA" / "MOS" / "mosz1.mat", {"MOSz": np.zeros(7)})
    with pytest.raises(InputError, match=r"mosz1\.mat of .* has 7 scores for 2400 pictures"):
        DATABASES["aigciqa2023"].read(released)
