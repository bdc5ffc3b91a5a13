"""The paper's radar figure: each axis is a generator of pictures, each line an optimizer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grefine.indicators.own import A, P
from grefine.optimizers.registry import optimizer_info
from grefine.paper_tables.paper import ORIGINAL, OURS
from grefine.tables.bench import Bench
from grefine.tables.options import TableOptions
from grefine.tables.sources import find_generators, find_source
from grefine.tables.store import item_key
from grefine_core.errors import InputError
from grefine_core.files import write_atomically

BEST_OF_PAPER = (ORIGINAL, "stablesr", "pasd", "q-refine", OURS)
"""The original, ours, and the paper's best optimizers, of which it shows three; it does not name them in the text."""
INDICATORS = ("pyiqa:qalign", "hpsv2", P.key, A.key)
"""Those that the paper calls most relevant to human preference, and ours."""
LEAST_AXES = 3
RINGS = 4


@dataclass(frozen=True, kw_only=True)
class Radar:
    """Means by indicator, optimizer and generator; what could not be had is absent, and told."""

    means: Mapping[str, Mapping[str, Mapping[str, float]]]
    missing: tuple[str, ...]


def measure_radar(options: TableOptions, bench: Bench) -> Radar:
    """Measure pictures of each generator after each optimizer.

    Raises:
        InputError: If the data folder does not exist, or has pictures of no generator.
    """
    seed, missing = options.settings.seed, list[str]()
    found = find_generators(options.data)
    sources = {title: find_source(name, options.data, limit=options.limit, seed=seed) for title, name in found.items()}
    missing += [f"{title}: {source.missing}" for title, source in sources.items() if source.missing]
    sources = {title: source for title, source in sources.items() if not source.missing}
    if not sources:
        raise InputError(f"{options.data} has pictures of no generator; each has a subfolder such as `sd1.5`.")
    optimizers = list(dict.fromkeys([*BEST_OF_PAPER, *options.also_optimizers()]))
    indicators = list(dict.fromkeys([*INDICATORS, *options.also_indicators()]))
    items = {(item.image, item.prompt): item for source in sources.values() for item in source.items}
    measured = bench.run(optimizers, indicators, list(items.values()))
    missing += [f"{run.info.title}: {run.missing}" for run in measured.runs.values() if run.missing]
    missing += [f"{measured.indicators[key].title}: {reason}" for key, reason in measured.missing.items()]
    means: dict[str, dict[str, dict[str, float]]] = {}
    for indicator in measured.names:
        for optimizer in measured.runs:
            for title, source in sources.items():
                values = [measured.value(optimizer, indicator, item_key(item)) for item in source.items]
                known = [value for value in values if value is not None]
                if known:
                    means.setdefault(indicator, {}).setdefault(optimizer, {})[title] = float(np.mean(known))
    return Radar(means=means, missing=tuple(missing))


def draw_radar(radar: Radar, path: Path) -> Path:
    """Draw one panel an indicator and write it as PNG.

    Raises:
        InputError: If matplotlib is not installed, nothing was measured, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise InputError("The radar figure needs matplotlib; run `pip install 'grefine[plots]'`.") from error
    if not radar.means:
        raise InputError(f"Nothing was measured for the radar figure: {'; '.join(radar.missing)}.")
    figure = Figure(figsize=(5 * len(radar.means), 5.4), layout="constrained")
    for place, (indicator, lines) in enumerate(radar.means.items(), start=1):
        axes = figure.add_subplot(1, len(radar.means), place, projection="polar")
        _draw_panel(axes, indicator, lines)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=120))


def _draw_panel(axes: object, indicator: str, lines: Mapping[str, Mapping[str, float]]) -> None:
    titles = list(dict.fromkeys(title for line in lines.values() for title in line))
    count = max(len(titles), LEAST_AXES)  # with fewer axes there is no area to look at
    angles = [2 * math.pi * place / count for place in range(len(titles))]
    values = [value for line in lines.values() for value in line.values()]
    low, high = min(values), max(values)
    margin = (high - low or abs(high) or 1.0) * 0.15
    for optimizer, line in lines.items():
        points = [line.get(title, math.nan) for title in titles]
        axes.plot(  # type: ignore[attr-defined]
            [*angles, *angles[:1]],
            [*points, *points[:1]],
            marker="o",
            label=optimizer_info(optimizer).title,
            linewidth=2.4 if optimizer == OURS else 1.2,
        )
    axes.set_xticks(angles, titles)  # type: ignore[attr-defined]
    axes.set_ylim(low - margin, high + margin)  # type: ignore[attr-defined]
    axes.set_rgrids(np.linspace(low, high, RINGS), fmt="%.3g", angle=-90 / count)  # type: ignore[attr-defined]
    axes.tick_params(axis="x", pad=16)  # type: ignore[attr-defined]
    axes.set_title(indicator)  # type: ignore[attr-defined]


def radar_text(radar: Radar) -> str:
    """Return the numbers behind the figure as Markdown."""
    lines = ["# Radar figure: means by generator"]
    for indicator, by_optimizer in radar.means.items():
        titles = list(dict.fromkeys(title for line in by_optimizer.values() for title in line))
        lines += ["", f"## {indicator}", "", _line(["", *titles]), _line(["---"] * (len(titles) + 1))]
        lines += [_line([optimizer_info(key).title, *_numbers(line, titles)]) for key, line in by_optimizer.items()]
    if radar.missing:
        lines += ["", "Missing, and why:", "", *(f"- {reason}." for reason in radar.missing)]
    return "\n".join([*lines, ""])


def _numbers(line: Mapping[str, float], titles: Sequence[str]) -> list[str]:
    return [f"{line[title]:.4f}" if title in line else "–" for title in titles]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
