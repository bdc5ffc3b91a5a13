"""The indicators that go by a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grefine_core.errors import InputError

if TYPE_CHECKING:
    from grefine.indicators.indicator import Indicator, IndicatorInfo, Load, Loading


def known_indicators() -> Mapping[str, IndicatorInfo]:
    """Return all by their names, in the order of the paper's tables; those of pyiqa are the paper's only."""
    from grefine.indicators.pyiqa_bridge import PREFIX, TITLES, pyiqa_info

    bridged = {PREFIX + metric: pyiqa_info(PREFIX + metric) for metric in TITLES}
    return {key: info for key, (info, _) in _loaders().items()} | bridged


def indicator_info(key: str) -> IndicatorInfo:
    """Return what is known of an indicator before it is loaded.

    Raises:
        InputError: If there is none of this name; the message names those that there are.
    """
    return _find(key)[0]


def load_indicator(key: str, loading: Loading) -> Indicator:
    """Load an indicator.

    Args:
        key: One of `known_indicators`, or `pyiqa:NAME` of any metric of an installed pyiqa.
        loading: Device, local weights, and our own models.

    Raises:
        InputError: If there is none of this name, or a package that it needs is not installed.
        WeightsError: If its weights are absent and cannot be downloaded, or altered.
    """
    info, load = _find(key)
    return load(info, loading)


def _find(key: str) -> tuple[IndicatorInfo, Load]:
    from grefine.indicators.pyiqa_bridge import PREFIX, load_pyiqa, pyiqa_info

    if key.startswith(PREFIX):
        return pyiqa_info(key), load_pyiqa
    loaders = _loaders()
    if key not in loaders:
        raise InputError(f"Indicator `{key}` is not known; known are {', '.join(loaders)}, and {PREFIX}NAME.")
    return loaders[key]


def _loaders() -> dict[str, tuple[IndicatorInfo, Load]]:
    from grefine.indicators.own import SURGERY, A, P, load_own
    from grefine.indicators.piq_metrics import BRISQUE, CLIP_IQA, load_brisque, load_clip_iqa
    from grefine.indicators.scorers import SCORERS, load_published

    own: dict[str, tuple[IndicatorInfo, Load]] = {info.key: (info, load_own) for info in (P, A, SURGERY)}
    piq: dict[str, tuple[IndicatorInfo, Load]] = {
        CLIP_IQA.key: (CLIP_IQA, load_clip_iqa),
        BRISQUE.key: (BRISQUE, load_brisque),
    }
    return own | piq | {info.key: (info, load_published) for info in SCORERS}
