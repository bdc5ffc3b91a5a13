from __future__ import annotations

import dataclasses

import pytest
import torch

from balanced_refiner import StagePlan
from grefine.optimizers.whole_picture import SD, WholePicture, load_whole, paint_whole
from grefine_core import WeightsError


@dataclasses.dataclass
class Painter:
    """Notes what it is asked, and paints one value."""

    value: float = 0.25
    working_size: int = 32
    max_strength: float = 1.0
    mild_pass: bool = True
    name: str = "painter"
    requests: list = dataclasses.field(default_factory=list)

    def inpaint(self, request, *, on_step=None):  # noqa: ARG002
        self.requests.append(request)
        return torch.full_like(request.images, self.value)


@pytest.mark.parametrize("size", [(48, 64), (20, 12), (32, 32), (7, 90)])
def test_picture_of_any_size_comes_back_in_its_own(size) -> None:
    painter = Painter()
    made = WholePicture(info=SD, inpainter=painter, steps=20).optimize(torch.rand(1, 3, *size), "a cat", seed=0)
    assert made.shape == (1, 3, *size)
    assert torch.allclose(made, torch.tensor(0.25))
    assert {request.steps for request in painter.requests} == {20}
    assert all(request.tops == pytest.approx((0.8,) * len(request.tops)) for request in painter.requests)


def test_small_picture_is_enlarged_to_the_size_the_model_knows() -> None:
    painter = Painter()
    pixels = torch.linspace(0, 1, 16).expand(1, 3, 8, 16).contiguous()
    WholePicture(info=SD, inpainter=painter, steps=2).optimize(pixels, "a cat", seed=0)
    (request,) = painter.requests
    assert request.images[0, 0, 16].diff().max() < 0.05  # 32 wide, not 16 and mirrored


def test_strength_stops_at_what_suits_the_model() -> None:
    optimizer = WholePicture(info=SD, inpainter=Painter(max_strength=0.15), steps=20)
    assert optimizer.strength == 0.15
    assert optimizer.name == "sd:painter:0.15:20:"


def test_prompt_is_plain_and_seed_decides_the_noise() -> None:
    painter = Painter()
    optimizer = WholePicture(info=SD, inpainter=painter, steps=2)
    for seed in (1, 1, 2):
        optimizer.optimize(torch.rand(1, 3, 32, 32), "(red hair:1.3) --ar 16:9", seed=seed)
    assert {request.prompts[0] for request in painter.requests} == {"red hair"}
    seeds = [request.seeds[0] for request in painter.requests]
    assert seeds[0] == seeds[1] != seeds[2]


def test_pixels_without_strength_stay_bit_for_bit() -> None:
    pixels = torch.rand(1, 3, 40, 50)
    strengths = torch.zeros(1, 1, 40, 50)
    strengths[..., :20] = 0.5
    plan = StagePlan(steps=2, seed=0)
    made = paint_whole(Painter(), pixels, "a cat", strengths=strengths, plan=plan)
    assert torch.equal(made[..., 20:], pixels[..., 20:])
    assert torch.allclose(made[..., :20], torch.tensor(0.25))


def test_mini_model_repaints_offline(building) -> None:
    optimizer = load_whole(SD, building("mini", steps=2))
    pixels = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    made = optimizer.optimize(pixels, "a cat", seed=0)
    assert made.shape == pixels.shape
    assert torch.equal(made, optimizer.optimize(pixels, "a cat", seed=0))
    assert not torch.equal(made, pixels)


def test_absent_model_is_one_sentence(building, no_network, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="stable-diffusion-v1-5/stable-diffusion-v1-5 is not downloaded"):
        load_whole(SD, building())
