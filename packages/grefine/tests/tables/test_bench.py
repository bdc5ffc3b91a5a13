from __future__ import annotations

import sys

import pytest
import torch

from grefine.tables.bench import NOT_ASKED
from grefine.tables.sources import read_table_items
from grefine.tables.store import item_key


@pytest.fixture
def items(data):
    return read_table_items(data / "items.csv")


def test_pictures_are_made_and_measured(options, bench, items, models) -> None:
    measured = bench(options()).run(["original", "ours"], ["p", "a"], items)
    for item in items:
        before = measured.value("original", "p", item_key(item))
        after = measured.value("ours", "p", item_key(item))
        assert after > before  # the fake inpainter paints red, which its assessor likes


def test_second_run_loads_nothing_anew_and_gives_the_same(options, bench, items, models) -> None:
    first = bench(options()).run(["original", "ours"], ["p", "a"], items)
    scored, seeds = models.scored, len(models.seeds)
    second = bench(options()).run(["original", "ours"], ["p", "a"], items)
    assert (models.scored, len(models.seeds)) == (scored, seeds)
    assert second.entries == first.entries


def test_stopped_run_goes_on_where_it_was(options, bench, items, models, monkeypatch) -> None:
    whole = bench(options()).run(["original", "ours"], ["p"], items)
    for path in options().out.rglob("*.png"):
        path.unlink()
        break
    made = len(models.seeds)
    again = bench(options()).run(["original", "ours"], ["p"], items)
    assert 0 < len(models.seeds) - made < made
    assert {key: entry.made for key, entry in again.entries.items()} == {
        key: entry.made for key, entry in whole.entries.items()
    }


def test_one_bad_picture_is_an_error_of_its_own(options, bench, items) -> None:
    items[2].image.write_bytes(b"no picture")
    measured = bench(options()).run(["original", "ours"], ["p"], items)
    bad = item_key(items[2])
    assert measured.entries["ours", bad].error.endswith("2.png is not a picture that can be read")
    assert measured.value("original", "p", bad) is None
    assert measured.value("ours", "p", item_key(items[1])) is not None


def test_failure_of_a_model_is_kept_and_tried_again_only_when_asked(options, bench, items, models) -> None:
    def broken(*_, **__):
        raise RuntimeError("CUDA error: device-side assert\nmore lines")

    models.perceive, perceive = broken, models.perceive
    measured = bench(options()).run(["original"], ["p"], items)
    (name,) = measured.names.values()
    entry = measured.entries["original", item_key(items[0])]
    assert entry.errors[name] == "CUDA error: device-side assert more lines"
    models.perceive = perceive
    assert bench(options()).run(["original"], ["p"], items).value("original", "p", item_key(items[0])) is None
    assert bench(options(retry_errors=True)).run(["original"], ["p"], items).value("original", "p", item_key(items[0]))


def test_unreadable_original_is_tried_again_when_asked(options, bench, items, monkeypatch) -> None:
    from grefine.tables import bench as module

    read = module.read_image

    def fail(path):
        raise OSError("disk asleep")

    monkeypatch.setattr(module, "read_image", fail)
    key = item_key(items[0])
    assert bench(options()).run(["original"], ["p"], items).entries["original", key].error == "disk asleep"
    monkeypatch.setattr(module, "read_image", read)
    assert bench(options()).run(["original"], ["p"], items).entries["original", key].error == "disk asleep"
    again = bench(options(retry_errors=True)).run(["original"], ["p"], items)
    assert again.entries["original", key].error == ""
    assert again.value("original", "p", key) is not None


def test_what_cannot_be_loaded_is_missing_with_its_reason(options, bench, items, no_network) -> None:
    measured = bench(options()).run(["original", "rfdn", "sdxl"], ["p", "hpsv2"], items[:1])
    assert "no maintained package" in measured.runs["rfdn"].missing
    assert "is not downloaded" in measured.runs["sdxl"].missing
    assert "`hpsv2`" in measured.missing["hpsv2"]


def test_what_is_not_asked_for_is_said_to_be_so(options, bench, items) -> None:
    measured = bench(options(only=("p",))).run(["original", "ours"], ["p", "a"], items)
    assert measured.runs["ours"].missing == measured.missing["a"] == NOT_ASKED


def test_settings_and_seed_have_pictures_of_their_own(options, bench, items) -> None:
    first = bench(options()).run(["ours"], ["p"], items[:1])
    second = bench(options(settings={"seed": 1})).run(["ours"], ["p"], items[:1])
    assert first.runs["ours"].name != second.runs["ours"].name


def test_command_of_the_user_takes_its_row(options, bench, items, tmp_path) -> None:
    script = tmp_path / "copy.py"
    script.write_text(
        "import shutil, sys; from pathlib import Path\n"
        "for path in Path(sys.argv[1]).glob('*.png'): shutil.copy(path, sys.argv[2])\n",
        encoding="utf-8",
    )
    command = f"{sys.executable} {script} {{input}} {{output}}"
    measured = bench(options(commands={"pasd": command})).run(["original", "pasd"], ["p"], items)
    for item in items:
        values = [measured.value(key, "p", item_key(item)) for key in ("original", "pasd")]
        assert values[0] == pytest.approx(values[1])


def test_failing_command_is_missing_with_its_reason(options, bench, items) -> None:
    command = f"{sys.executable} -c 'raise SystemExit(3)' {{input}} {{output}}"
    measured = bench(options(commands={"pasd": command})).run(["pasd"], ["p"], items[:1])
    assert measured.runs["pasd"].missing.startswith("The command of `pasd` ended with 3")


def test_optimized_picture_of_another_size_is_an_error(options, bench, items, monkeypatch) -> None:
    from grefine.optimizers.ours import Ours

    monkeypatch.setattr(Ours, "optimize", lambda *_, **__: torch.zeros(1, 3, 2, 2))
    measured = bench(options()).run(["ours"], ["p"], items[:1])
    (entry,) = measured.entries.values()
    assert entry.error == "The optimizer returned shape (1, 3, 2, 2), not (1, 3, 40, 48)"
