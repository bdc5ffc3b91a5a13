from __future__ import annotations

import hashlib

import numpy as np
import pytest

from grefine.tables.sources import find_source
from grefine_core import read_table
from tools.mini.assets import Assets
from tools.mini_database import STANDS_FOR, alignment_label, make_picture, quality_label, write_database


def test_labels_follow_from_what_was_done() -> None:
    assert quality_label(0.5, 1.0) == 2.5
    assert quality_label(0.5, 0.25) == 3.75
    assert quality_label(0.0, 0.0) == 5.0


@pytest.mark.parametrize(
    ("shown", "label"),
    [([(True, True)], 5.0), ([(True, None), (False, None)], 2.5), ([(True, False)], 2.5), ([(False, None)], 0.0)],
)
def test_alignment_is_the_share_of_the_prompt_that_is_shown(shown, label: float) -> None:
    assert alignment_label(shown) == label


@pytest.fixture(scope="module")
def database(data_folder, tmp_path_factory):
    return write_database(data_folder, tmp_path_factory.mktemp("mini"), count=8, size=96)


def test_database_has_labels_and_plays_every_part(database) -> None:
    rows = read_table(database / "items.csv")
    assert len(rows) == 8
    assert all(0 <= row[label] <= 5 for row in rows for label in ("quality", "alignment"))
    assert {name: len(find_source(name, database).items) for name in STANDS_FOR} == {
        "GenImage": 8,
        "DiffusionDB": 8,
        "AGIQA-1K": 8,
        "AGIQA-3K": 4,
        "AIGIQA-20K": 4,
        "SD1.5": 4,
        "SD Cascade": 4,
    }


def test_same_data_gives_the_same_bytes(database, data_folder, tmp_path) -> None:
    again = write_database(data_folder, tmp_path, count=8, size=96)
    for path in sorted(database.rglob("*.*")):
        twin = again / path.relative_to(database)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(twin.read_bytes()).digest()


def test_weak_generator_is_damaged_more(data_folder) -> None:
    assets, rng = Assets(data_folder, training=False), np.random.default_rng(1)
    rows = [make_picture(assets, rng, number, 64).row for number in range(24)]
    means = {model: np.mean([r["severity"] for r in rows if r["model"] == model]) for model in ("weak", "good")}
    assert means["weak"] > means["good"] + 0.2
