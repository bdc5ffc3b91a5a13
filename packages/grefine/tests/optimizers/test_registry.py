from __future__ import annotations

import pytest

from grefine.optimizers.optimizer import STEPS
from grefine.optimizers.registry import known_optimizers, load_optimizer
from grefine.paper_tables.paper import paper_table
from grefine.settings import Settings
from grefine_core import InputError


@pytest.mark.parametrize("number", [2, 3, 4, 5, 8])
def test_every_row_of_the_paper_has_its_optimizer(number: int) -> None:
    known = known_optimizers()
    for row in paper_table(number).rows:
        assert known[row.key].family == row.family


@pytest.mark.parametrize("key", ["rfdn", "dasr", "stablesr", "diffbir", "pasd", "instructir"])
def test_method_without_a_package_says_why_and_how_else(key: str, building) -> None:
    with pytest.raises(InputError, match=f"no maintained package runs its weights.*run it by `--command {key}="):
        load_optimizer(key, building())


def test_unknown_name_is_refused(building) -> None:
    with pytest.raises(InputError, match="Optimizer `magic` is not known; known are original, rfdn"):
        load_optimizer("magic", building())


def test_iterations_are_the_papers_by_default() -> None:
    assert Settings().steps == STEPS == 20
