"""Runs optimizers and indicators over pictures: one model at a time, each picture once, errors kept apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from torch import Tensor

from grefine.databases.records import Item
from grefine.indicators.indicator import Indicator, IndicatorInfo, Loading
from grefine.indicators.own import SURGERY, A, OwnModels, P
from grefine.indicators.registry import indicator_info, load_indicator
from grefine.optimizers.folder_command import FolderCommand, Job
from grefine.optimizers.optimizer import Building, Optimizer, OptimizerInfo
from grefine.optimizers.registry import load_optimizer, optimizer_info
from grefine.paper_tables.paper import ORIGINAL
from grefine.settings import Settings
from grefine.tables.options import TableOptions
from grefine.tables.store import Entry, Store, item_key
from grefine_core import InputError, WeightsError, read_image
from grefine_core.downloads import first_line

TOGETHER = ((P.key, A.key, SURGERY.key),)
"""Indicators that share models: what one computes of a picture serves the others."""
EXPECTED = (OSError, RuntimeError, ValueError)
"""What models raise for one picture, InputError, WeightsError and RefineError among them; the next may be good."""
NOT_ASKED = "not asked for (--only)"


@dataclass(frozen=True, kw_only=True)
class Run:
    """An optimizer that was run."""

    info: OptimizerInfo
    name: str = ""
    """Identity, under which the store keeps its pictures."""
    missing: str = ""
    """Why it was not run."""


@dataclass(kw_only=True)
class Measured:
    """All that was measured; pictures by their keys."""

    runs: dict[str, Run] = field(default_factory=dict)
    """By the optimizer's key."""
    indicators: dict[str, IndicatorInfo] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Identity of each indicator that was loaded."""
    missing: dict[str, str] = field(default_factory=dict)
    """Why an indicator was not loaded, by its key."""
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """By optimizer and picture."""

    def value(self, optimizer: str, indicator: str, key: str) -> float | None:
        """Return what an indicator says of a picture after an optimizer; None where it has no value."""
        entry = self.entries.get((optimizer, key))
        return entry.values.get(self.names.get(indicator, "")) if entry else None


class Bench:
    """Loads what a run names, and keeps what it makes.

    Args:
        options: What to run, and where the store is.
        say: Hears one line for each step.
        load_own: Loads our own models.
    """

    def __init__(
        self,
        options: TableOptions,
        *,
        say: Callable[[str], None] = lambda _: None,
        load_own: Callable[[Settings], OwnModels] | None = None,
    ) -> None:
        self._options, self._say = options, say
        self._own = cache(lambda: (load_own or OwnModels.load)(options.settings))
        self.store = Store(options.out / "cache")

    def run(self, optimizers: Sequence[str], indicators: Sequence[str], items: Sequence[Item]) -> Measured:
        """Optimize and measure pictures, as far as no earlier run has.

        Args:
            optimizers: Keys; `original` leaves the pictures as they are.
            indicators: Keys.
            items: Pictures with their prompts.
        """
        measured, keyed = Measured(), {item_key(item): item for item in items}
        for key in dict.fromkeys(optimizers):
            measured.runs[key] = self._optimize(key, keyed)
        for group in _groups(indicators):
            self._measure(group, measured, keyed)
        for key, run in measured.runs.items():
            if not run.missing:
                measured.entries |= {(key, item): self.store.get(run.name, item) for item in keyed}
        return measured

    def _optimize(self, key: str, items: dict[str, Item]) -> Run:
        info = optimizer_info(key)
        if not self._options.asked(key):
            return Run(info=info, missing=NOT_ASKED)
        try:
            optimizer = self._load(info)
        except (InputError, WeightsError) as error:
            return Run(info=info, missing=_reason(error))
        if key == ORIGINAL:
            return Run(info=info, name=optimizer.name)
        todo = {item: found for item, found in items.items() if self._wants(optimizer.name, item)}
        began = time.monotonic()
        if isinstance(optimizer, FolderCommand):
            missing = self._command(optimizer, todo)
        else:
            missing = ""
            for item, found in todo.items():
                self._make(optimizer, item, found)
        self._say(f"{key}: {len(todo)} of {len(items)} pictures made in {time.monotonic() - began:.0f} s.")
        return Run(info=info, name=optimizer.name, missing=missing)

    def _load(self, info: OptimizerInfo) -> Optimizer | FolderCommand:
        settings = self._options.settings
        if info.key in self._options.commands:
            return FolderCommand(info=info, command=self._options.commands[info.key], steps=settings.steps)
        source = self._options.weights.get(info.key, "")
        return load_optimizer(info.key, Building(settings=settings, source=source, own=self._own))

    def _wants(self, optimizer: str, key: str) -> bool:
        """Say whether a picture is to be made: it is not there, and did not fail, or is tried again."""
        entry = self.store.get(optimizer, key)
        if entry.error:
            return self._options.retry_errors
        return not (entry.made and self.store.has_picture(optimizer, key))

    def _make(self, optimizer: Optimizer, key: str, item: Item) -> None:
        try:
            pixels = read_image(item.image).pixels
            made = optimizer.optimize(pixels, item.prompt, seed=self._options.settings.seed)
            self._keep(optimizer.name, key, made, pixels)
        except EXPECTED as error:
            self.store.put(optimizer.name, key, Entry(error=_reason(error)))

    def _keep(self, optimizer: str, key: str, made: Tensor, source: Tensor) -> None:
        if made.shape != source.shape:
            raise InputError(f"The optimizer returned shape {tuple(made.shape)}, not {tuple(source.shape)}.")
        self.store.put_picture(optimizer, key, made)
        self.store.put(optimizer, key, Entry(made=True))

    def _command(self, command: FolderCommand, items: dict[str, Item]) -> str:
        """Run a command on all pictures at once; return why nothing came of it, or nothing."""
        jobs = []
        for key, item in items.items():
            try:
                jobs.append(Job(id=key, pixels=read_image(item.image).pixels, prompt=item.prompt))
            except EXPECTED as error:
                self.store.put(command.name, key, Entry(error=_reason(error)))
        if not jobs:
            return ""
        try:
            folder = self.store.work_folder(command.name)
            results = command.optimize_all(jobs, folder, seed=self._options.settings.seed)
        except InputError as error:
            return _reason(error)
        for job, made in zip(jobs, results, strict=True):
            if isinstance(made, InputError):
                self.store.put(command.name, job.id, Entry(error=_reason(made)))
            else:
                self._keep(command.name, job.id, made, job.pixels)
        return ""

    def _measure(self, keys: Sequence[str], measured: Measured, items: dict[str, Item]) -> None:
        """Measure pictures by indicators that share models."""
        loaded: list[Indicator] = []
        for key in keys:
            measured.indicators[key] = indicator_info(key)
            if not self._options.asked(key):
                measured.missing[key] = NOT_ASKED
                continue
            weights = self._options.weights.get(key, "")
            loading = Loading(device=self._options.settings.device, weights=weights, own=self._own)
            try:
                indicator = load_indicator(key, loading)
            except (InputError, WeightsError) as error:
                measured.missing[key] = _reason(error)
                continue
            measured.indicators[key], measured.names[key] = indicator.info, indicator.name
            loaded.append(indicator)
        if not loaded:
            return
        began, count = time.monotonic(), 0
        for run in measured.runs.values():
            if not run.missing:
                count += sum(self._measure_picture(run, loaded, item, found) for item, found in items.items())
        names = ", ".join(indicator.info.key for indicator in loaded)
        self._say(f"{names}: {count} pictures measured in {time.monotonic() - began:.0f} s.")

    def _measure_picture(self, run: Run, indicators: Sequence[Indicator], key: str, item: Item) -> bool:
        """Measure one picture by those that have not; False if none was left to do."""
        entry, whole = self.store.get(run.name, key), run.info.key == ORIGINAL
        if whole and self._options.retry_errors:
            entry = replace(entry, error="")
        todo = [indicator for indicator in indicators if self._lacks(entry, indicator.name)]
        if not todo or entry.error or not (whole or entry.made):
            return False
        try:
            pixels = read_image(item.image).pixels if whole else self.store.picture(run.name, key)
        except EXPECTED as error:
            self.store.put(run.name, key, replace(entry, error=_reason(error)))
            return True
        values, errors = dict(entry.values), dict(entry.errors)
        for indicator in todo:
            errors.pop(indicator.name, None)
            try:
                values[indicator.name] = indicator.measure(pixels, item.prompt)
            except EXPECTED as error:
                errors[indicator.name] = _reason(error)
        self.store.put(run.name, key, replace(entry, values=values, errors=errors))
        return True

    def _lacks(self, entry: Entry, indicator: str) -> bool:
        if indicator in entry.errors:
            return self._options.retry_errors
        return indicator not in entry.values


def _groups(indicators: Sequence[str]) -> Iterator[list[str]]:
    """Yield indicators one by one, those that share models together."""
    wanted = dict.fromkeys(indicators)
    for shared in TOGETHER:
        group = [key for key in shared if key in wanted]
        if group:
            yield group
        for key in group:
            del wanted[key]
    yield from ([key] for key in wanted)


def _reason(error: BaseException) -> str:
    """Return an error's text as one line without its full stop."""
    return " ".join(str(error).split()).rstrip(".") or first_line(error)
