"""Repeat a refinement from its receipt, `report.json`, and tell whether the result is the same."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grefine.packs import check_packs
from grefine.pipeline import OnProgress
from grefine.report import SCHEMA
from grefine.run import Finished, Load, refine_file
from grefine.settings import Settings, load_settings
from grefine.versions import package_versions
from grefine_core import InputError
from grefine_core.files import file_digest

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a report says of how its result came to be."""

    path: Path
    image: Path
    image_sha256: str
    prompt: str
    settings: Settings
    result_sha256: str
    """Of the refined picture's file."""
    versions: Mapping[str, str | None]
    packs: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """A refinement done again."""

    identical: bool
    """Whether the refined picture is the recorded one, byte for byte."""
    differences: tuple[str, ...]
    """What is not as it was then: versions of packages, weights; one sentence each."""
    finished: Finished


def read_receipt(path: Path, *, image: Path | None = None) -> Receipt:
    """Read a report.

    Args:
        path: The `report.json` of a refinement.
        image: Where the picture is now; by default where the report says, as it is or beside it.

    Raises:
        InputError: If the file is no report of this version, or the picture or its mask of locked
            pixels is absent or another one.
    """
    report = _read(path)
    try:
        receipt = Receipt(
            path=path,
            image=image or _find(Path(report["image"]["path"]), path.parent),
            image_sha256=report["image"]["sha256"],
            prompt=report["prompt"],
            settings=load_settings(flags=report["settings"]),
            result_sha256=report["certificate"]["result_sha256"],
            versions=dict(report["versions"]),
            packs=tuple(report["models"]["packs"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no report of a refinement: {error} is missing or of another kind.") from error
    if file_digest(receipt.image) != receipt.image_sha256:
        raise InputError(f"{receipt.image} is not the picture of {path}: its sha256 differs.")
    locked = receipt.settings.locked
    if locked and file_digest(Path(locked)) != report.get("locked_sha256"):
        raise InputError(f"{locked} is not the mask of locked pixels of {path}: its sha256 differs.")
    return receipt


def replay(
    receipt: Receipt, folder: Path | None = None, *, load: Load | None = None, on_progress: OnProgress | None = None
) -> Replay:
    """Refine the picture of a receipt again, and compare.

    Args:
        receipt: What to repeat.
        folder: Where the new result is written; by default it is thrown away.
        load: How models are loaded.
        on_progress: Hears of every denoising step.

    Raises:
        InputError: If something is refused as in `refine_file`, or the folder is that of the receipt.
        WeightsError: If a weights file is absent or altered.
    """
    if folder is not None and folder.resolve() == receipt.path.parent.resolve():
        raise InputError(f"The new result would replace the recorded one in {folder}; choose another output folder.")
    packs = [pack.to_json() for pack in check_packs(receipt.settings)]
    differences = (*_changed_versions(receipt), *_changed_packs(receipt, packs))
    with _output(folder) as out:
        finished = refine_file(receipt.image, receipt.prompt, out, receipt.settings, load=load, on_progress=on_progress)
        identical = file_digest(finished.files[0]) == receipt.result_sha256
    return Replay(identical=identical, differences=differences, finished=finished)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path} does not exist or is a folder; name the report.json of a refinement.")
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no JSON file: {error}.") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        found = report.get("schema") if isinstance(report, dict) else None
        raise InputError(f"{path} must be a report of schema {SCHEMA}, got {found!r}.")
    return report


def _find(image: Path, folder: Path) -> Path:
    """Return the picture as the report names it, else the file of that name beside the report or above it."""
    for candidate in (image, folder / image.name, folder.parent / image.name):
        if candidate.is_file():
            return candidate
    raise InputError(f"The picture {image} does not exist any more; say with --image where it is.")


@contextmanager
def _output(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="grefine-") as scratch:
        yield Path(scratch)


def _changed_versions(receipt: Receipt) -> Iterator[str]:
    names = [name for name in receipt.versions if name != "python"]
    now = {"python": platform.python_version(), **package_versions(names)}
    for name, then in receipt.versions.items():
        if now[name] != then:
            yield f"{name} was {then or 'not installed'} and is {now[name] or 'not installed'} now."


def _changed_packs(receipt: Receipt, now: list[dict[str, Any]]) -> Iterator[str]:
    files = {(pack["group"], pack["preset"]): pack["files"] for pack in now}
    for pack in receipt.packs:
        if files.get((pack["group"], pack["preset"])) != pack["files"]:
            yield f"The files of preset `{pack['preset']}` of {pack['group']} are not those of then."
