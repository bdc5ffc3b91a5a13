"""Any no-reference metric of an installed pyiqa, as `pyiqa:NAME`: the one file that imports it.

pyiqa is under the PolyForm Noncommercial licence. Nothing of ours needs it, no extra installs it, and
who uses it keeps to its terms.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from grefine.indicators.indicator import IndicatorInfo, Loading
from grefine_core import InputError, WeightsError, pick_device
from grefine_core.downloads import first_line

PREFIX = "pyiqa:"
LICENCE = "pyiqa is under PolyForm Noncommercial 1.0.0: not for commercial use; weights under their authors' terms"
TITLES = {
    "unique": "UNIQUE",
    "liqe": "LIQE",
    "dbcnn": "DBCNN",
    "topiq_nr": "TOPIQ",
    "cnniqa": "CNNIQA",
    "musiq": "MUSIQ",
    "qalign": "Q-Align",
    "hyperiqa": "HyperIQA",
    "nima": "NIMA",
    "paq2piq": "Paq2Piq",
}
"""Metrics of the paper by pyiqa's names."""
WITH_MAPS = ("paq2piq",)
"""The only one of them that gives a map, by the paper; pyiqa returns its score alone."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_log = logging.getLogger("grefine_core")  # whose notes the command line shows


def pyiqa_info(key: str) -> IndicatorInfo:
    """Return what is known of a metric without importing pyiqa.

    Raises:
        InputError: If the key names no metric.
    """
    metric = key.removeprefix(PREFIX)
    if not metric:
        raise InputError("A metric of pyiqa is named as `pyiqa:NAME`, such as `pyiqa:musiq`.")
    return IndicatorInfo(
        key=key,
        title=TITLES.get(metric, metric),
        group="perceptual",
        licence=LICENCE,
        weights="downloaded by pyiqa at the first use",
        gives_map=metric in WITH_MAPS,
        package="pyiqa",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PyiqaMetric:
    """A metric of pyiqa; see `Indicator`."""

    info: IndicatorInfo
    name: str
    metric: Any
    device: torch.device

    @torch.no_grad()
    def measure(self, pixels: Tensor, prompt: str) -> float:  # noqa: ARG002 - all indicators are asked alike
        """Return the metric of a picture; the prompt says nothing to it.

        Raises:
            InputError: If the metric fails on this picture or is not finite.
        """
        try:
            value = float(torch.as_tensor(self.metric(pixels.float().clamp(0, 1).to(self.device))).reshape(()))
        except (AssertionError, RuntimeError, ValueError, IndexError) as error:
            raise InputError(f"`{self.info.key}` has no value for this picture: {first_line(error)}.") from error
        if not math.isfinite(value):
            raise InputError(f"`{self.info.key}` gave {value} for this picture.")
        return value


def load_pyiqa(info: IndicatorInfo, loading: Loading) -> PyiqaMetric:
    """Load a metric of pyiqa, and say under which licence.

    Raises:
        InputError: If pyiqa is not installed, has no such metric, or the metric needs a reference picture.
        WeightsError: If its weights cannot be loaded.
    """
    pyiqa, metric = _pyiqa(info), info.key.removeprefix(PREFIX)
    if loading.weights:
        raise InputError(f"`{info.key}` takes no local weights; pyiqa finds its own.")
    known = pyiqa.list_models("NR")
    if metric not in known:
        raise InputError(f"pyiqa has no metric `{metric}` that needs no reference; it has {', '.join(known)}.")
    _log.info("%s: %s.", info.key, LICENCE)
    device = pick_device(loading.device)
    try:
        loaded = pyiqa.create_metric(metric, device=device)
    except Exception as error:  # of the network, of files, of many libraries
        raise WeightsError(f"`{info.key}` cannot be loaded by pyiqa: {first_line(error)}.") from error
    return PyiqaMetric(info=_completed(info, loaded), name=f"{info.key}:{_version()}", metric=loaded, device=device)


def _completed(info: IndicatorInfo, loaded: Any) -> IndicatorInfo:
    """Return the info with range and direction as pyiqa has them; a range such as "~0, ~1" is not exact."""
    from dataclasses import replace

    told = str(getattr(loaded, "score_range", "") or "")
    numbers = [] if "~" in told else [float(number) for number in _NUMBER.findall(told)]
    low, high = numbers if len(numbers) == 2 else (None, None)
    return replace(info, low=low, high=high, higher=not loaded.lower_better)


def _pyiqa(info: IndicatorInfo) -> ModuleType:
    try:
        import pyiqa
    except ModuleNotFoundError as error:
        raise InputError(
            f"`{info.key}` needs pyiqa, which is for non-commercial use only; run `pip install pyiqa` if that suits."
        ) from error
    module: ModuleType = pyiqa
    return module


def _version() -> str:
    from importlib.metadata import version

    return version("pyiqa")
