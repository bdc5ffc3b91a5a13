from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from grefine_core import InputError, to_pil
from grefine_core.tables import read_table
from pqmap import FACTORS, FitSettings, TextPairs
from pqmap.fitting.feature_cache import FeatureCache
from pqmap.fitting.plan import FitPlan, read_tables
from pqmap.fitting.run import EncodedTable, FitRows, arrange_rows, encode_table, fit_rows, write_results

ROWS = 40
SETTINGS = FitSettings(epochs=3, learning_rate=0.02, batch_size=16, seed=5, validation_share=0.25)


def write_rows(folder: Path, name: str, *, first: int = 0, split: bool = False) -> Path:
    """Write a table of pictures that get brighter with their labels 10, 11, ..."""
    lines = ["image,overall,technical" + ",split" * split]
    for index in range(first, first + ROWS):
        picture = folder / f"{index}.png"
        to_pil(torch.rand(3, 16, 16) * (0.2 + index / 80)).save(picture)
        side = f",{('train', 'val', 'train', 'test')[index % 4]}" if split else ""
        lines.append(f"{picture.name},{10 + index},{-index}{side}")
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


@pytest.fixture
def plan(tmp_path: Path) -> FitPlan:
    table = write_rows(tmp_path, "labels.csv")
    return FitPlan(table=table, output=tmp_path / "pairs.safetensors", preset="tiny", settings=SETTINGS)


def encode(plan: FitPlan, encoder: Any) -> tuple[EncodedTable, ...]:
    tables = read_tables(plan)
    with FeatureCache(plan.output.parent / "cache", encoder) as cache:
        return tuple(
            encode_table(table, cache, skip_bad=plan.skip_bad, on_picture=lambda: None)
            for table in (tables.table, tables.validation)
            if table is not None
        )


def arrange(plan: FitPlan, encoder: Any) -> FitRows:
    return arrange_rows(plan, read_tables(plan).names, *encode(plan, encoder))


def test_labels_are_scaled_by_their_own_range(plan: FitPlan, encoder: Any) -> None:
    rows = arrange(plan, encoder)
    labels = torch.cat([rows.training.labels, rows.validation.labels])
    assert rows.ranges == {"overall": (10.0, 49.0), "technical": (-39.0, 0.0)}
    assert labels.amin(dim=0).tolist() == [0, 0]
    assert labels.amax(dim=0).tolist() == [1, 1]
    assert (len(rows.training.labels), len(rows.validation.labels), rows.shared) == (30, 10, 0)


def test_given_range_decides_the_scale(plan: FitPlan, encoder: Any) -> None:
    given = dataclasses.replace(plan, factors=("overall",), limits=(0.0, 100.0))
    rows = arrange(given, encoder)
    assert rows.ranges == {"overall": (0.0, 100.0)}
    labels = torch.cat([rows.training.labels, rows.validation.labels])
    assert float(labels.amin()) == pytest.approx(0.10)
    assert float(labels.amax()) == pytest.approx(0.49)


def test_validation_table_shares_the_range_and_is_not_trained_on(plan: FitPlan, encoder: Any, tmp_path: Path) -> None:
    other = write_rows(tmp_path, "other.csv", first=20)
    rows = arrange(dataclasses.replace(plan, validation=other), encoder)
    assert rows.ranges["overall"] == (10.0, 69.0)
    assert (len(rows.training.labels), len(rows.validation.labels)) == (ROWS, ROWS)
    assert float(rows.validation.labels[:, 0].amin()) == pytest.approx(20 / 59)
    assert rows.shared == 20  # pictures 20 to 39 are in both


def test_split_column_decides(plan: FitPlan, encoder: Any, tmp_path: Path) -> None:
    write_rows(tmp_path, "labels.csv", split=True)
    rows = arrange(dataclasses.replace(plan, split_column="split"), encoder)
    assert (len(rows.training.labels), len(rows.validation.labels)) == (20, 10)


def test_split_column_without_a_side_is_refused(plan: FitPlan, encoder: Any) -> None:
    text = plan.table.read_text().replace("\n", ",train\n").replace("technical,train", "technical,split")
    plan.table.write_text(text)
    with pytest.raises(InputError, match=r"`split` of .* says `validation` in no row"):
        arrange(dataclasses.replace(plan, split_column="split"), encoder)


def test_broken_picture_is_named_by_row_or_dropped(plan: FitPlan, encoder: Any) -> None:
    (plan.table.parent / "4.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"Row 5 of .*labels\.csv: `image`: .*4\.png is not a picture"):
        encode(plan, encoder)
    (encoded,) = encode(dataclasses.replace(plan, skip_bad=True), encoder)
    assert len(encoded.pictures) == len(encoded.features) == ROWS - 1
    assert len(encoded.bad) == 1


def test_only_the_chosen_pairs_change(plan: FitPlan, encoder: Any, pairs: TextPairs) -> None:
    one = dataclasses.replace(plan, factors=("technical",))
    start = dataclasses.replace(pairs, data="before", metrics={"srcc_overall": 0.5})
    fitted, report = fit_rows(one, start, encoder, arrange(one, encoder))
    assert report.best_epoch > 0
    assert fitted.names == FACTORS
    assert (fitted.embeddings != pairs.embeddings).flatten(1).any(dim=1).tolist() == [False, True, False, False]
    assert fitted.temperature == pairs.temperature
    assert fitted.metrics["srcc_overall"] == 0.5
    assert (fitted.metrics["label_min_technical"], fitted.metrics["label_max_technical"]) == (-39, 0)
    assert fitted.data.startswith("before; technical: labels.csv, 30 rows fitted on, 10 rows validated on")


def test_temperature_is_learned_where_all_pairs_are(plan: FitPlan, encoder: Any, pairs: TextPairs) -> None:
    both = pairs.select(("technical", "overall"))
    fitted, report = fit_rows(plan, both, encoder, arrange(plan, encoder))
    assert report.best_epoch > 0
    assert fitted.temperature != pairs.temperature
    assert fitted.names == ("technical", "overall")


def test_results_lie_beside_each_other_and_the_checkpoint_goes(plan: FitPlan, encoder: Any, pairs: TextPairs) -> None:
    fitted, report = fit_rows(plan, pairs, encoder, arrange(plan, encoder))
    assert plan.checkpoint.exists()
    files = write_results(plan, fitted, report)
    assert [file.name for file in files] == ["pairs.safetensors", "pairs.curve.csv", "pairs.curve.png"]
    assert not plan.checkpoint.exists()
    assert torch.equal(TextPairs.load(files[0], encoder=encoder).embeddings, fitted.embeddings)
    assert len(read_table(files[1])) == len(report.curve)
    with Image.open(files[2]) as image:
        assert image.format == "PNG"
