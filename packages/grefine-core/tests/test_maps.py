from __future__ import annotations

import pytest
import torch

from grefine_core import InputError, heat, overlay, tokens_to_map, union


def test_constant_grid_gives_a_constant_map() -> None:
    assert torch.allclose(tokens_to_map(torch.full((2, 3, 4), 0.3), (30, 17)), torch.full((2, 30, 17), 0.3), atol=1e-6)


def test_grid_of_one_cell_fills_the_map() -> None:
    assert torch.allclose(tokens_to_map(torch.tensor([[[0.7]]]), (5, 9)), torch.full((1, 5, 9), 0.7))


def test_doubling_has_the_weights_of_cubic_convolution() -> None:
    grid = torch.tensor([[[0.2, 0.4, 0.6, 0.5]]])
    # Keys' kernel with a = -0.75 at distances 1.25, 0.25, 0.75, 1.75; pixel 3 lies a quarter behind cell 1
    weights = (-0.10546875, 0.87890625, 0.26171875, -0.03515625)
    expected = sum(w * v for w, v in zip(weights, grid.flatten().tolist(), strict=True))  # 0.46992
    assert tokens_to_map(grid, (1, 8))[0, 0, 3].item() == pytest.approx(expected, abs=1e-6)


def test_corner_repeats_the_edge() -> None:
    grid = torch.tensor([[[0.2, 0.6]]])
    # pixel 0 of 4 lies a quarter before cell 0: both cells before it and it itself count as 0.2
    expected = 0.2 + (0.6 - 0.2) * -0.10546875
    assert tokens_to_map(grid, (1, 4))[0, 0, 0].item() == pytest.approx(expected, abs=1e-6)


def test_overshoot_is_clamped() -> None:
    step = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
    values = tokens_to_map(step, (1, 64))
    assert (values.min(), values.max()) == (0, 1)


def test_map_is_not_transposed() -> None:
    grid = torch.zeros(1, 2, 3)
    grid[0, 0, 2] = 1  # right end of the upper row
    values = tokens_to_map(grid, (20, 30))[0]
    assert values[4, 25] > 0.9
    assert values[15, 5] < 0.1


def test_grid_without_batch_is_refused() -> None:
    with pytest.raises(InputError, match=r"`values` must have shape \(B, gh, gw\), got \(2, 3\)"):
        tokens_to_map(torch.zeros(2, 3), (4, 4))


def test_union_is_the_maximum() -> None:
    a, b = torch.tensor([[0.1, 0.9]]), torch.tensor([[0.5, 0.2]])
    assert torch.equal(union([a, b], (1, 2)), torch.tensor([[0.5, 0.9]]))


def test_union_of_nothing_is_zero() -> None:
    assert torch.equal(union([], (2, 3)), torch.zeros(2, 3))


def test_union_changes_no_region() -> None:
    a, b = torch.tensor([[0.1]]), torch.tensor([[0.5]])
    union([a, b], (1, 1))
    assert a.item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (torch.zeros(1, 3), r"A region has size \(1, 3\), the image \(2, 3\)"),
        (torch.full((2, 3), 1.5), r"`region` must be floating in \[0, 1\]"),
        (torch.full((2, 3), float("nan")), "hold no nan"),
        (torch.zeros(1, 2, 3), r"`region` must have shape \(H, W\)"),
    ],
)
def test_union_refuses_a_region_that_does_not_fit(region: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        union([region], (2, 3))


def test_heat_has_its_three_colours() -> None:
    image = heat(torch.tensor([[0.0, 0.5, 1.0]]))
    assert [image.getpixel((x, 0)) for x in range(3)] == [(200, 30, 30), (245, 200, 60), (30, 150, 90)]


def test_heat_is_absolute() -> None:
    assert heat(torch.full((2, 2), 0.9)).getpixel((0, 0)) == heat(torch.tensor([[0.0, 0.9]])).getpixel((1, 0))


def test_heat_between_two_colours_is_their_mean() -> None:
    assert heat(torch.tensor([[0.25]])).getpixel((0, 0)) == pytest.approx((222.5, 115, 45), abs=0.6)


def test_overlay_mixes_heat_and_gray() -> None:
    image = overlay(torch.ones(3, 2, 4), torch.zeros(2, 4), opacity=0.5)
    assert image.size == (4, 2)
    assert image.getpixel((0, 0)) == pytest.approx((227.5, 142.5, 142.5), abs=1)


def test_overlay_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(3, 2, 4\) and the map \(4, 2\) differ in size"):
        overlay(torch.ones(3, 2, 4), torch.zeros(4, 2))
