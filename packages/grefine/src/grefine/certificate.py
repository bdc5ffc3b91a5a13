"""The certificate of a result: what stayed as it was, computed from the files that were written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grefine.comparison import Comparison, Mask, compare_files
from grefine_core import InputError
from grefine_core.exif_bytes import without_receipt
from grefine_core.files import file_digest
from grefine_core.picture_metadata import Metadata, read_metadata
from grefine_core.picture_samples import kept_mode, read_samples
from grefine_core.picture_writer import plan_output

MAX_SEAM = 1.5
"""How much rougher the rim may be than its surroundings, or than it was if that is more. Measured on 25 photographs
with five kinds of change: with a soft rim of 8 pixels at most 1.09, pasted with a hard edge above 1.5 in 120 of 125."""
MAX_SHIFT = 2.3
"""Mean CIEDE2000 around the mask: what the eye just notices (Mahy et al. 1994)."""
_DPI_STEP = 0.05
"""PNG counts whole pixels per metre, which moves a resolution by up to 0.013 dpi."""
REPORT = "report.json"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise, and whether it was kept."""

    name: str
    holds: bool
    found: str
    """One sentence on what was found."""
    rule: str
    """When it holds."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a result has in common with its input."""

    whole: bool
    """Whether the mild pass went over the whole picture, so that pixels outside the mask may differ."""
    stage1_outside_mask: float | None
    """Largest difference outside the mask after stage 1, in [0, 1]; None where only files are known and `whole`."""
    comparison: Comparison | None
    """None where the sizes differ."""
    result_sha256: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def changed_outside(self) -> int:
        """Pixels of the file that differ outside the mask; 0 where the sizes differ."""
        return self.comparison.changed_outside if self.comparison else 0

    @property
    def violations(self) -> tuple[str, ...]:
        """One sentence for each promise that was broken."""
        return tuple(check.found for check in self.checks if not check.holds)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values that json can write."""
        compared = asdict(self.comparison) if self.comparison else {}
        return {
            "holds": not self.violations,
            "violations": list(self.violations),
            "notes": list(self.notes),
            "whole": self.whole,
            "stage1_outside_mask": self.stage1_outside_mask,
            "final_outside_mask": compared.pop("outside", None),
            **compared,
            "result_sha256": self.result_sha256,
            "checks": [asdict(check) for check in self.checks],
        }


def certify(
    before: Path,
    after: Path,
    mask: Mask,
    *,
    whole: bool = False,
    stage1_outside: float | None = None,
    notes: Sequence[str] = (),
) -> Certificate:
    """Compare a result with its input, both as files.

    Args:
        before: The input.
        after: The result.
        mask: Shape (H, W): the pixels that stage 1 may change.
        whole: Whether stage 2 went over the whole picture, which may change pixels outside the mask.
        stage1_outside: Largest difference outside the mask before stage 2, where it was measured.
        notes: Sentences on what the writer could not keep, and why.

    Raises:
        InputError: If a file cannot be read, or the mask has another size than the input.
    """
    old, new = read_metadata(before), read_metadata(after)
    if mask.shape != old.size:
        height, width = old.size
        raise InputError(f"The mask has {mask.shape[1]} x {mask.shape[0]} pixels, the input {width} x {height}.")
    comparison = compare_files(before, after, mask) if new.size == old.size else None
    if stage1_outside is None and comparison and not whole:
        stage1_outside = comparison.outside
    checks = [_size(old, new)]
    if comparison is not None:
        checks += _pixels(comparison, stage1_outside, whole=whole)
    checks += [*_samples(before, old, new), *_sayings(old, new)]
    extra = [f"The input has {old.frames} frames, the result one."] if old.frames > new.frames else []
    return Certificate(
        whole=whole,
        stage1_outside_mask=stage1_outside,
        comparison=comparison,
        result_sha256=file_digest(after),
        checks=tuple(checks),
        notes=(*notes, *(extra if not notes else ())),
    )


def whole_by_report(before: Path, after: Path) -> bool:
    """Return whether the report beside a result says that stage 2 passed over the whole picture.

    It must be the report of these very files: it holds the sha256 of both.
    """
    try:
        report = json.loads((after.parent / REPORT).read_text("utf-8"))
        whole, of = report["certificate"]["whole"], report["certificate"]["result_sha256"]
        known = of == file_digest(after) and report["image"]["sha256"] == file_digest(before)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(whole) and known


def _size(old: Metadata, new: Metadata) -> Check:
    sizes = [f"{width} x {height}" for height, width in (old.size, new.size)]
    same = old.size == new.size
    found = f"Both have {sizes[0]} pixels." if same else f"The input has {sizes[0]} pixels, the result {sizes[1]}."
    return Check(name="size", holds=same, found=found, rule="the same width and height, upright")


def _pixels(comparison: Comparison, stage1_outside: float | None, *, whole: bool) -> Iterator[Check]:
    """Yield the checks of what is seen."""
    if whole and stage1_outside is not None:
        found = f"Stage 1 changed samples outside its mask by up to {stage1_outside:.4f}."
        rule = "no sample outside the mask differs after stage 1"
        yield Check(name="outside the mask, stage 1", holds=stage1_outside == 0, found=found, rule=rule)
    found = f"{comparison.changed_outside} pixels outside the mask differ, by up to {comparison.outside:.4f} of 1."
    if comparison.changed_outside == 0:
        found = "No sample outside the mask differs."
    holds = whole or comparison.changed_outside == 0
    rule = "any difference: the mild pass went over the whole picture" if whole else "no sample differs"
    yield Check(name="outside the mask, file", holds=holds, found=found, rule=rule)
    before, after, shift = comparison.seam_before, comparison.seam_after, comparison.colour_shift
    if before is not None and after is not None:
        found = f"The rim of the mask is {after:.2f} times as rough as its surroundings, before {before:.2f} times."
        rule = f"at most {MAX_SEAM} times the larger of 1 and what it was"
        yield Check(name="seam", holds=after <= MAX_SEAM * max(1, before), found=found, rule=rule)
    if shift is not None:
        found = f"Colours around the mask moved by {shift:.2f} CIEDE2000 on average."
        yield Check(name="colour shift", holds=shift <= MAX_SHIFT, found=found, rule=f"at most {MAX_SHIFT}")


def _samples(before: Path, old: Metadata, new: Metadata) -> Iterator[Check]:
    """Yield the checks of how samples are stored."""
    planned = plan_output(before).format
    found = f"The input is {old.format}, the result {new.format}."
    rule = f"the input's, or {planned} where that one cannot store it without loss"
    yield Check(name="format", holds=new.format in {old.format, planned}, found=found, rule=rule)
    modes = [kept_mode(metadata.mode, transparent=metadata.transparent) for metadata in (old, new)]
    holds = modes[0] == modes[1] or modes == ["CMYK", "RGB"]
    if modes == ["RGBA", "RGB"]:  # WebP drops an alpha band that hides nothing
        holds = read_samples(before).getchannel("A").getextrema() == (255, 255)
    found = f"The mode was {old.mode} and is {new.mode}."
    rule = "the same bands; palettes may become colours, CMYK may become RGB"
    yield Check(name="mode", holds=holds, found=found, rule=rule)
    found = f"The input has {old.depth} bits a sample, the result {new.depth}."
    yield Check(name="bit depth", holds=new.depth >= old.depth, found=found, rule="not less than the input's")
    same = new.icc == old.icc or modes == ["CMYK", "RGB"]
    found = "The ICC profiles are the same." if new.icc == old.icc else "The ICC profiles differ."
    yield Check(name="ICC profile", holds=same, found=found, rule="the same bytes; none where CMYK became RGB")


def _sayings(old: Metadata, new: Metadata) -> Iterator[Check]:
    """Yield the checks of what the files say beside their samples."""
    sure = {
        "EXIF": (new.exif == old.exif, "the same bytes, apart from the orientation"),
        "XMP": (old.xmp in {new.xmp, without_receipt(new.xmp)}, "the same bytes, apart from orientation and receipt"),
        "texts": (_texts_kept(old, new), "every PNG text and comment of the input is there"),
        "resolution": (_same_dpi(old, new), f"the same dpi, within {_DPI_STEP}"),
    }
    if old.iptc:
        sure["IPTC"] = (new.iptc == old.iptc, "the same bytes")
    if old.format == "TIFF":
        sure["TIFF tags"] = (all(tag in new.tags for tag in old.tags), "all that do not say how samples are stored")
    for name, (holds, rule) in sure.items():
        found = f"The {name} of the input {'are' if name in {'texts', 'TIFF tags'} else 'is'}"
        yield Check(name=name, holds=holds, found=f"{found} {'kept' if holds else 'not kept'}.", rule=rule)


def _texts_kept(old: Metadata, new: Metadata) -> bool:
    missing = Counter(old.text) - Counter(new.text)
    comment = old.comment.decode("utf-8", "replace")
    return not missing and (old.comment == new.comment or ("Comment", comment) in new.text)


def _same_dpi(old: Metadata, new: Metadata) -> bool:
    if old.dpi is None or new.dpi is None:
        return old.dpi is None
    return all(abs(a - b) <= _DPI_STEP for a, b in zip(old.dpi, new.dpi, strict=True))
