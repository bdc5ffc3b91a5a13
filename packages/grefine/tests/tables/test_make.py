from __future__ import annotations

import json

import pytest

from grefine.indicators.own import OwnModels
from grefine.tables.make import make_radar, make_table
from grefine_core import InputError, read_table


@pytest.fixture
def load_own(models):
    return lambda settings: OwnModels(models.load(settings))


@pytest.mark.parametrize("number", [2, 6, 7, 8])
def test_all_formats_are_written_and_agree(number: int, options, load_own) -> None:
    table, files = make_table(number, options(), load_own=load_own)
    names = [f"table{number}{ending}" for ending in (".md", ".tex", ".json", ".csv", "-pictures.csv")]
    assert [file.name for file in files] == names
    record = json.loads((options().out / f"table{number}.json").read_text("utf-8"))
    flat = read_table(options().out / f"table{number}.csv")
    values = [cell["value"] for row in record["cells"] for cell in row]
    assert [row["value"] for row in flat] == pytest.approx(values, nan_ok=True)
    assert len(flat) == len(table.rows) * len(table.columns)


def test_second_run_gives_the_same_bytes(options, load_own) -> None:
    _, files = make_table(8, options(), load_own=load_own)
    before = [file.read_bytes() for file in files]
    _, files = make_table(8, options(), load_own=load_own)
    assert [file.read_bytes() for file in files] == before


def test_steps_are_told(options, load_own) -> None:
    said: list[str] = []
    make_table(8, options(), say=said.append, load_own=load_own)
    assert any(line.startswith("ours: 6 of 6 pictures made in ") for line in said)
    assert any(line.startswith("p, a: ") for line in said)


def test_radar_draws_each_generator_and_tells_what_is_missing(options, load_own) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra `plots`")
    picture, text, numbers = make_radar(options(), load_own=load_own)
    assert picture.read_bytes().startswith(b"\x89PNG")
    record = json.loads(numbers.read_text("utf-8"))
    assert set(record["means"]["p"]) == {"original", "q-refine", "ours"}
    assert set(record["means"]["p"]["ours"]) == {"weak (for SD1.5)", "good (for SD Cascade)"}
    assert any("StableSR" in reason for reason in record["missing"])
    assert "| G-Refine (Ours) |" in text.read_text("utf-8")


def test_radar_without_generators_is_refused(options, load_own, data) -> None:
    (data / "stand-in.json").unlink()
    with pytest.raises(InputError, match="has pictures of no generator"):
        make_radar(options(), load_own=load_own)
