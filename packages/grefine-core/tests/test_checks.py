from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from grefine_core import InputError, check_images, check_map, check_output_folder, check_prompt
from grefine_core.checks import MAX_PROMPT_CHARACTERS


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_images_of_any_float_dtype_pass(dtype: torch.dtype) -> None:
    assert check_images(torch.ones(2, 3, 4, 5, dtype=dtype)) is None


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (torch.zeros(3, 4, 4), r"`images` must have shape \(B, 3, H, W\), got \(3, 4, 4\)"),
        (torch.zeros(1, 4, 4, 3), r"got \(1, 4, 4, 3\)"),
        (torch.zeros(0, 3, 4, 4), r"got \(0, 3, 4, 4\)"),
        (torch.zeros(1, 3, 0, 4), r"got \(1, 3, 0, 4\)"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), r"got torch\.uint8; divide bytes by 255"),
        (torch.full((1, 3, 4, 4), 255.0), "were bytes or normalised values passed"),
        (torch.full((1, 3, 4, 4), -0.01), "were bytes or normalised values passed"),
        (torch.full((1, 3, 4, 4), float("nan")), "hold no nan"),
        (torch.full((1, 3, 4, 4), float("inf")), r"must lie in \[0, 1\]"),
    ],
)
def test_bad_images_are_refused(pixels: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_images(pixels)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.zeros(1, 4, 4), r"`mask` must have shape \(H, W\), got \(1, 4, 4\)"),
        (torch.zeros(0, 4), r"got \(0, 4\)"),
        (torch.zeros(4, 4, dtype=torch.bool), r"`mask` must be floating in \[0, 1\]"),
        (torch.full((4, 4), 1.01), r"`mask` must be floating in \[0, 1\]"),
        (torch.full((4, 4), float("nan")), "hold no nan"),
    ],
)
def test_bad_map_is_refused_by_its_name(values: torch.Tensor, message: str) -> None:
    check_map("mask", torch.rand(4, 4))
    with pytest.raises(InputError, match=message):
        check_map("mask", values)


def test_prompt_comes_back_unchanged() -> None:
    assert check_prompt(" a cat ") == " a cat "
    assert check_prompt("x" * MAX_PROMPT_CHARACTERS)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "The prompt is empty"),
        (" \n\t", "The prompt is empty"),
        ("x" * (MAX_PROMPT_CHARACTERS + 1), "at most 20000 characters, got 20001"),
    ],
)
def test_bad_prompt_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_prompt(prompt)


def test_output_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert check_output_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_output_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(InputError, match=r"The output folder .*a is a file"):
        check_output_folder(tmp_path / "a")


def test_output_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        check_output_folder(tmp_path / "a" / "b")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_output_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot be written: Permission denied"):
            check_output_folder(tmp_path)
    finally:
        tmp_path.chmod(0o700)
