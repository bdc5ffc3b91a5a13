from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.options import DiffusionOptions, check_options, resolve_dtype
from grefine_core import InputError


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_number_type_is_single_where_half_is_slow_or_unsafe(device):
    assert resolve_dtype("auto", torch.device(device)) == torch.float32


@pytest.mark.parametrize(("supported", "expected"), [(True, torch.bfloat16), (False, torch.float16)])
def test_number_type_on_cuda_is_the_best_half(supported, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert resolve_dtype("auto", torch.device("cuda")) == expected


def test_named_number_type_is_taken_anywhere():
    assert resolve_dtype("float16", torch.device("cpu")) == torch.float16


@pytest.mark.parametrize("offload", ["model", "sequential", "group"])
def test_offload_without_an_accelerator_is_refused(offload):
    with pytest.raises(InputError, match=f"`offload` {offload} needs an accelerator"):
        check_options(DiffusionOptions(offload=offload), torch.device("cpu"))
    assert check_options(DiffusionOptions(offload=offload), torch.device("cuda")) is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"dtype": "int8"}, "`dtype` must be one of auto"),
        ({"offload": "disk"}, "`offload` must be one of none"),
        ({"offload": "sequential", "compile": True}, "`compile` cannot go with"),
    ],
)
def test_wrong_option_is_refused_and_named(choice, message):
    with pytest.raises(InputError, match=message):
        DiffusionOptions(**choice)
