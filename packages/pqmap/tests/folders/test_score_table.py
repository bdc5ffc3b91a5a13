from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, TableJournal
from pqmap.folders.map_files import MapFolder
from pqmap.folders.score_table import make_header, plan_pictures

NAMES = ("p", "overall")


def header(**changes: Any) -> Any:
    return make_header(NAMES, "tiny-1", **{"preset": "mini", "texts": {"pairs": None}, **changes})


def row(path: str, error: str | None = None) -> dict[str, Any]:
    return {**dict.fromkeys(header().columns), "path": path, "error": error}


def test_header_tells_runs_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text("a")
    other.write_text("b")
    runs = [header(), header(preset="vit"), header(texts={"pairs": one}), header(texts={"pairs": other})]
    assert len({str(run.run) for run in runs}) == 4
    copy = tmp_path / "copy.toml"
    copy.write_text("a")
    assert header(texts={"pairs": copy}) == header(texts={"pairs": one})  # the content counts, not the name
    with pytest.raises(InputError, match=r"gone\.toml cannot be read"):
        header(texts={"pairs": tmp_path / "gone.toml"})


def test_pictures_with_a_row_are_not_scored_again_and_those_with_an_error_only_if_asked(tmp_path: Path) -> None:
    pictures = [Path("a.png"), Path("b.png"), Path("c.png")]
    with TableJournal(tmp_path / "t.csv", header()) as journal:
        journal.append(row("a.png"))
        journal.append(row("b.png", "damaged"))
        plan = plan_pictures(pictures, journal)
        assert (plan.todo, plan.kept, plan.kept_errors) == ([Path("c.png")], 2, 1)
        assert str(plan) == (
            "Resuming: 2 of 3 pictures have their row (1 with an error; --retry-errors scores them again); 1 to score."
        )
        again = plan_pictures(pictures, journal, retry_errors=True)
        assert (again.todo, again.kept, again.kept_errors) == ([Path("b.png"), Path("c.png")], 1, 0)


def test_picture_whose_maps_are_missing_is_scored_again(tmp_path: Path) -> None:
    maps = MapFolder(folder=tmp_path, sources=(Path("pics"),))
    (tmp_path / "a.png.npz").touch()
    with TableJournal(tmp_path / "t.csv", header()) as journal:
        for path in ("a.png", "b.png"):
            journal.append(row(path))
        assert plan_pictures([Path("a.png"), Path("b.png")], journal, maps=maps).todo == [Path("b.png")]
