"""Choose the device and number type for a computation."""

from __future__ import annotations

import torch

from grefine_core.errors import InputError


def pick_device(name: str = "auto") -> torch.device:
    """Return the named device; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        InputError: If the name is unknown to torch or the device is not there.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except Exception as error:  # torch raises AssertionError, RuntimeError or NotImplementedError here
        raise InputError(f"Device `{name}` cannot be used on this machine; try `cpu` or `auto`.") from error
    return device


def pick_dtype(device: torch.device) -> torch.dtype:
    """Return float32 on the CPU and MPS, where half precision is slow or unsafe, else bfloat16."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float32
