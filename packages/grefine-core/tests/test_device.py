from __future__ import annotations

import pytest
import torch

from grefine_core import InputError, pick_device, pick_dtype


def test_named_device_is_returned() -> None:
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_cuda_then_mps_then_cpu(
    cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device("auto").type == expected


@pytest.mark.parametrize("name", ["abacus", "cuda:97", "", "cpu:x"])
def test_absent_device_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=f"Device `{name}` cannot be used on this machine; try `cpu` or `auto`"):
        pick_device(name)


@pytest.mark.parametrize(
    ("device", "bfloat16", "expected"),
    [
        ("cpu", True, torch.float32),
        ("mps", True, torch.float32),
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float32),
    ],
)
def test_half_precision_only_where_the_gpu_has_bfloat16(
    device: str, bfloat16: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bfloat16)
    assert pick_dtype(torch.device(device)) is expected
