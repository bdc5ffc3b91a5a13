from __future__ import annotations

import dataclasses

import pytest
import torch

from balanced_refiner import Inpainter, InpaintRequest, RefineError, check_generated, check_request
from grefine_core import InputError


def request(**changes):
    plain = InpaintRequest(
        images=torch.full((2, 3, 16, 16), 0.5),
        strengths=torch.full((2, 1, 16, 16), 0.5),
        prompts=["a", "b"],
        emphases=[(), ()],
        seeds=[1, 2],
        steps=4,
    )
    return dataclasses.replace(plain, **changes)


@pytest.mark.parametrize(
    "changes", [{}, {"strengths": torch.zeros(2, 1, 16, 16)}, {"strengths": torch.ones(2, 1, 16, 16)}, {"steps": 1}]
)
def test_good_request_passes_up_to_its_bounds(changes):
    assert check_request(request(**changes), 16) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": torch.full((2, 3, 8, 16), 0.5)}, "working size"),
        ({"images": torch.full((2, 3, 16, 16), torch.nan)}, "nan"),
        ({"strengths": torch.ones(1, 1, 16, 16)}, "`strengths`"),
        ({"strengths": torch.full((2, 1, 16, 16), 1.5)}, "`strengths`"),
        ({"strengths": torch.full((2, 1, 16, 16), torch.nan)}, "`strengths`"),
        ({"prompts": ["a"]}, "`prompts`"),
        ({"emphases": [()]}, "`emphases`"),
        ({"seeds": [1]}, "`seeds`"),
        ({"steps": 0}, "`steps`"),
    ],
)
def test_wrong_request_is_refused_and_named(changes, message):
    with pytest.raises(InputError, match=message):
        check_request(request(**changes), 16)


@pytest.mark.parametrize(
    ("generated", "message"),
    [
        (torch.full((2, 3, 16, 16), torch.nan), "not numbers"),
        (torch.full((2, 3, 16, 16), torch.inf), "not numbers"),
        (torch.zeros(2, 3, 16, 16), "black"),
        (torch.zeros(2, 3, 8, 8), "shape"),
    ],
)
def test_unusable_output_is_refused(generated, message):
    with pytest.raises(RefineError, match=message):
        check_generated(generated, request())


def test_one_black_picture_in_a_batch_is_refused():
    generated = torch.full((2, 3, 16, 16), 0.5)
    generated[1] = 0
    with pytest.raises(RefineError, match="black"):
        check_generated(generated, request())


def test_black_picture_of_a_black_source_is_fine():
    black = torch.zeros(2, 3, 16, 16)
    assert torch.equal(check_generated(black, request(images=black)), black)


def test_usable_output_is_clamped():
    assert check_generated(torch.full((2, 3, 16, 16), 1.5), request()).max() == 1


def test_stand_in_of_these_tests_keeps_the_protocol(painter):
    assert isinstance(painter(), Inpainter)


def test_mask_is_where_a_level_of_noise_is_left():
    strengths = torch.tensor([0.0, 0.0005, 0.001, 1.0]).view(1, 1, 2, 2)
    masks = request(images=torch.full((1, 3, 2, 2), 0.5), strengths=strengths).masks
    assert masks.flatten().tolist() == [0, 0, 1, 1]


def test_tops_are_the_highest_strength_of_each_image():
    strengths = torch.zeros(2, 1, 16, 16)
    strengths[1, 0, 3, 5] = 0.25
    assert request(strengths=strengths).tops == (0, 0.25)
