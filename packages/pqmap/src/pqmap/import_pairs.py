"""The pairs that the authors released: four `.pth` files, or one safetensors file made of them.

Each factor comes as the three parts of a prompt learner for two prompts (good, bad); their script
puts the learned context around the last word of the class name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from grefine_core import InputError, WeightsError, load_encoder
from pqmap.pairs import TextPairs
from pqmap.perception import FACTORS

OFFICIAL_NAMES = ("overall", "technical", "rational", "natural")
"""What the authors call the factors, in the order of `FACTORS`."""
LENGTH = 77
"""CLIP's context length."""
EOT = 20
"""Start, sixteen of context, three of the class name, then the end."""

_PARTS = {"token_prefix": 1, "ctx": 16, "token_suffix": 60}
"""Positions of each part."""
_LEARNER = "prompt_learner."


def read_official(paths: Sequence[str | Path]) -> tuple[Tensor, Tensor]:
    """Return the authors' pairs, put together as their script does.

    Args:
        paths: The four files PQ-overall.pth, PQ-technical.pth, PQ-rational.pth, PQ-natural.pth in any
            order, or one safetensors file with keys such as `overall.ctx`.

    Returns:
        Embeddings (4, 2, 77, W), float32, W is 512 in the release, factors as in `FACTORS`; and the
        position (4, 2), int64, at which each text is read.

    Raises:
        InputError: If the files are not these.
        WeightsError: If a file is absent, damaged, holds anything but the tensors, or shapes differ.
    """
    files = [Path(path) for path in paths]
    if len(files) == 1 and files[0].suffix == ".safetensors":
        factors = _read_safetensors(files[0])
    else:
        factors = [_read_pickle(file) for file in _in_order(files)]
    if len({part.shape for parts in factors for part in parts.values()}) != len(_PARTS):
        raise WeightsError("The pairs of the four factors differ in width.")
    embeddings = torch.stack([_assemble(parts) for parts in factors])  # (4, 2, 77, W)
    return embeddings, torch.full((len(FACTORS), 2), EOT)


def _assemble(parts: Mapping[str, Tensor]) -> Tensor:
    """Join the parts of one factor to (2, 77, W): half of the context comes after the class name."""
    prefix, ctx, suffix = (parts[name] for name in _PARTS)
    return torch.cat([prefix, ctx[:, :8], suffix[:, :3], ctx[:, 8:], suffix[:, 3:]], dim=1)


def _in_order(files: list[Path]) -> list[Path]:
    """Return the files of the four factors in the order of `FACTORS`."""
    found = {name: [file for file in files if file.stem.lower().endswith(name)] for name in OFFICIAL_NAMES}
    if len(files) != len(FACTORS) or any(len(matches) != 1 for matches in found.values()):
        expected = ", ".join(f"PQ-{name}.pth" for name in OFFICIAL_NAMES)
        given = ", ".join(file.name for file in files) or "none"
        raise InputError(f"The authors' pairs are the four files {expected}, or one .safetensors of them, got {given}.")
    return [matches[0] for matches in found.values()]


def _read_pickle(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"{path} is missing.")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:  # its own text advises to run the code in the file
        raise WeightsError(f"{path} is damaged or holds more than tensors, so it is not loaded.") from error
    except Exception as error:  # torch names no common type for what a broken file can raise
        raise WeightsError(f"{path} cannot be read as a PyTorch file.") from error
    parts = content.get("params") if isinstance(content, dict) else None
    if not isinstance(parts, dict) or set(parts) != {_LEARNER + name for name in _PARTS}:
        raise WeightsError(f"{path} does not hold the three tensors of a prompt learner and nothing else.")
    return _checked(path, {name: parts[_LEARNER + name] for name in _PARTS})


def _read_safetensors(path: Path) -> list[dict[str, Tensor]]:
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"{path} is missing.")
    try:
        tensors = load_file(path)
    except Exception as error:  # the reader's own error type is no part of its stable interface
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    expected = {f"{factor}.{name}" for factor in OFFICIAL_NAMES for name in _PARTS}
    if set(tensors) != expected:
        wrong = min(set(tensors) ^ expected)
        raise WeightsError(f"{path} does not hold the authors' pairs: `{wrong}` is missing or unknown.")
    return [_checked(path, {name: tensors[f"{factor}.{name}"] for name in _PARTS}) for factor in OFFICIAL_NAMES]


def _checked(path: Path, parts: dict[str, Any]) -> dict[str, Tensor]:
    """Return the parts if each is a finite float tensor (2, n, W) of one width, as float32."""
    for name, part in parts.items():
        if not isinstance(part, Tensor) or not part.is_floating_point() or part.ndim != 3:
            raise WeightsError(f"{path}: `{name}` is no floating tensor of three dimensions.")
    width = parts["ctx"].shape[2]
    for name, positions in _PARTS.items():
        part = parts[name]
        if part.shape != (2, positions, width):
            raise WeightsError(f"{path}: `{name}` must have shape (2, {positions}, {width}), got {tuple(part.shape)}.")
        if not part.isfinite().all():
            raise WeightsError(f"{path}: `{name}` holds a value that is not finite.")
    return {name: part.float() for name, part in parts.items()}


def import_official(
    paths: Sequence[str | Path],
    output: Path,
    *,
    preset: str,
    temperature: float | None = None,
    device: str = "cpu",
) -> TextPairs:
    """Write the authors' pairs as a pairs file for the encoder of a preset, and return them.

    Args:
        paths: As `read_official` takes them.
        output: The `.safetensors` file to write.
        preset: As `load_encoder` takes it; its text transformer must take texts of 77 tokens and the
            pairs' width.
        temperature: s_p; the encoder's `alignment_scale` where it is None: the release has none.
        device: Where the encoder is loaded.

    Raises:
        InputError: If the files are not the authors', the name does not end in .safetensors, or the
            encoder takes other texts.
        WeightsError: If a file is absent, damaged, or holds anything but the tensors.
    """
    if output.suffix != ".safetensors":
        raise InputError(f"The pairs are written as .safetensors, got the name {output.name}.")
    embeddings, eot = read_official(paths)  # before the encoder, which may be a download
    encoder = load_encoder(preset, device=device)
    width = encoder.embed_tokens([""]).shape[2]
    if (width, encoder.context_length) != (embeddings.shape[3], LENGTH):
        raise InputError(
            f"The authors' pairs have {LENGTH} tokens of width {embeddings.shape[3]}; "
            f"the encoder `{encoder.name}` takes {encoder.context_length} of width {width}."
        )
    pairs = TextPairs(
        embeddings=embeddings,
        eot=eot,
        encoder=encoder.name,
        temperature=encoder.alignment_scale if temperature is None else temperature,
        data="the authors' released pairs (Q-Future/Q-Refine on GitHub)",
    )
    pairs.save(output)
    return pairs
