"""The optimizers that go by a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grefine_core.errors import InputError

if TYPE_CHECKING:
    from grefine.optimizers.optimizer import Building, Load, Optimizer, OptimizerInfo


def known_optimizers() -> Mapping[str, OptimizerInfo]:
    """Return all by their names, by family in the order of the paper's tables."""
    return {key: info for key, (info, _) in _loaders().items()}


def optimizer_info(key: str) -> OptimizerInfo:
    """Return what is known of an optimizer before it is loaded.

    Raises:
        InputError: If there is none of this name; the message names those that there are.
    """
    return _find(key)[0]


def load_optimizer(key: str, building: Building) -> Optimizer:
    """Load an optimizer.

    Args:
        key: One of `known_optimizers`.
        building: Settings, the model that the user names, and our own models.

    Raises:
        InputError: If there is none of this name, it has no package, or a package that it needs is not installed.
        WeightsError: If its weights are absent and cannot be downloaded, or damaged.
    """
    info, load = _find(key)
    return load(info, building)


def _find(key: str) -> tuple[OptimizerInfo, Load]:
    loaders = _loaders()
    if key not in loaders:
        raise InputError(f"Optimizer `{key}` is not known; known are {', '.join(loaders)}.")
    return loaders[key]


def _refuse(info: OptimizerInfo, building: Building) -> Optimizer:  # noqa: ARG001 - all are loaded alike
    raise InputError(f"`{info.key}`: {info.absent}; run it by `--command {info.key}='PROGRAM {{input}} {{output}}'`.")


def _loaders() -> dict[str, tuple[OptimizerInfo, Load]]:
    from grefine.optimizers import ours, q_refine, reconstruction, restoration, whole_picture

    pairs: list[tuple[OptimizerInfo, Load]] = [
        (ours.ORIGINAL, ours.load_original),
        (restoration.RFDN, _refuse),
        (restoration.SWIN2SR, restoration.load_restoration),
        (restoration.REAL_ESRGAN, restoration.load_restoration),
        (restoration.STABLE_SR, _refuse),
        (restoration.DASR, _refuse),
        (reconstruction.SD_UPSCALE, reconstruction.load_reconstruction),
        (reconstruction.INSTRUCT_PIX2PIX, reconstruction.load_reconstruction),
        (reconstruction.DIFF_BIR, _refuse),
        (reconstruction.PASD, _refuse),
        (whole_picture.SDXL_REFINER, whole_picture.load_whole),
        (whole_picture.SD, whole_picture.load_whole),
        (whole_picture.SDXL, whole_picture.load_whole),
        (whole_picture.INSTRUCT_IR, _refuse),
        (q_refine.Q_REFINE, q_refine.load_q_refine),
        *((info, ours.load_ours) for info in (ours.OURS, ours.NO_PQ, ours.NO_AQ, ours.NO_STAGE2)),
    ]
    return {info.key: (info, load) for info, load in pairs}
