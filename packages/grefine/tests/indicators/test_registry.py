from __future__ import annotations

import pytest

from grefine.indicators.registry import indicator_info, known_indicators, load_indicator
from grefine.paper_tables.paper import NUMBERS, paper_table
from grefine_core import InputError

CORRELATIONS = {"srcc", "plcc"}


def test_every_indicator_of_the_paper_is_known() -> None:
    columns = {column.key for number in NUMBERS for column in paper_table(number).columns} - CORRELATIONS
    rows = {row.key for number in (6, 7) for row in paper_table(number).rows}
    assert columns | rows <= known_indicators().keys()


@pytest.mark.parametrize("number", [2, 8])
def test_directions_are_those_of_the_paper(number: int) -> None:
    for column in paper_table(number).columns:
        assert indicator_info(column.key).higher == column.higher
        assert indicator_info(column.key).group == column.group


def test_each_says_its_licence_and_where_its_weights_come_from() -> None:
    for info in known_indicators().values():
        assert info.licence
        assert info.weights


def test_only_indicators_of_alignment_need_the_prompt() -> None:
    assert all(info.needs_prompt == (info.group == "alignment") for info in known_indicators().values())


def test_those_with_maps_are_the_papers() -> None:
    maps = {key for key, info in known_indicators().items() if info.gives_map}
    assert maps == {"p", "a", "clip-surgery", "pyiqa:paq2piq"}


@pytest.mark.parametrize("key", ["fid", "pyiqa:"])
def test_unknown_name_is_refused(key: str, loading) -> None:
    with pytest.raises(InputError, match=r"known are p, a|is named as `pyiqa:NAME`"):
        load_indicator(key, loading())
