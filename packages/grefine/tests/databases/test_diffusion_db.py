from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grefine.databases import DATABASES
from grefine_core import InputError, write_table


def test_parts_are_read_with_their_prompts(tmp_path: Path, paint: Any) -> None:
    for part, name in (("part-000001", "a.png"), ("part-000002", "b.png")):
        paint(tmp_path / "images" / part / name)
        entry = {name: {"p": f"prompt of {name}", "se": 1, "c": 7.0, "st": 50, "sa": "k_lms"}}
        (tmp_path / "images" / part / f"{part}.json").write_text(json.dumps(entry))
    database = DATABASES["diffusiondb"]
    items = database.read(tmp_path)
    assert [(item.id, item.prompt) for item in items] == [("a.png", "prompt of a.png"), ("b.png", "prompt of b.png")]
    assert items[1].image == tmp_path / "images" / "part-000002" / "b.png"
    assert database.check(tmp_path) == []


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    rows = [{"image_name": f"{n}.png", "prompt": f"p{n}", "part_id": n, "seed": n} for n in (1, 2)]
    return write_table(tmp_path / "metadata.parquet", rows, list(rows[0]))


def test_table_alone_gives_all_prompts(metadata: Path) -> None:
    items = DATABASES["diffusiondb"].read(metadata)
    assert [item.prompt for item in items] == ["p1", "p2"]
    assert items[1].image == metadata.parent / "images" / "part-000002" / "2.png"


def test_table_beside_parts_gives_those_that_are_there(metadata: Path, paint: Any) -> None:
    paint(metadata.parent / "images" / "part-000002" / "2.png")
    assert [item.id for item in DATABASES["diffusiondb"].read(metadata.parent)] == ["2.png"]


@pytest.mark.parametrize("content", ["[1]", "{", '{"a.png": {"se": 1}}', '{"a.png": 3}'])
def test_damaged_part_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "part-000001").mkdir()
    (tmp_path / "part-000001" / "part-000001.json").write_text(content)
    with pytest.raises(InputError, match=r"part-000001\.json"):
        DATABASES["diffusiondb"].read(tmp_path)


def test_damaged_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"metadata\.parquet cannot be read"):
        DATABASES["diffusiondb"].read(tmp_path)
