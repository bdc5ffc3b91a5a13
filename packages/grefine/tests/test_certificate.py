from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from grefine.certificate import Certificate, certify, whole_by_report
from grefine_core import InputError
from grefine_core.files import file_digest

SIZE = (60, 80)
Save = Callable[..., Path]


@pytest.fixture
def levels() -> np.ndarray:
    """Return a picture (60, 80, 3) of soft colours with some grain."""
    rows, columns = np.mgrid[:60, :80]
    soft = np.stack([60 + rows, 40 + columns, 90 + rows // 2], -1)
    return (soft + np.random.default_rng(4).integers(0, 6, (60, 80, 3))).astype(np.uint8)


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[20:40, 25:55] = True
    return mask


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def save(name: str, levels: np.ndarray, **options: object) -> Path:
        Image.fromarray(levels).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def repaired(levels: np.ndarray, mask: np.ndarray, by: int = 3) -> np.ndarray:
    return np.where(mask[..., None], levels + np.uint8(by), levels)


def verdict(certificate: Certificate, name: str) -> bool:
    return next(check.holds for check in certificate.checks if check.name == name)


def test_change_within_the_mask_violates_nothing(levels, mask, save) -> None:
    certificate = certify(save("a.png", levels), save("b.png", repaired(levels, mask)), mask)
    assert certificate.violations == ()
    assert certificate.comparison.untouched_share == pytest.approx(1 - 600 / 4800)
    assert certificate.stage1_outside_mask == 0
    assert json.loads(json.dumps(certificate.to_json(), allow_nan=False))["holds"] is True


def test_one_level_at_one_pixel_outside_the_mask_is_a_violation(levels, mask, save) -> None:
    changed = repaired(levels, mask)
    changed[0, 79, 2] += 1
    certificate = certify(save("a.png", levels), save("b.png", changed), mask)
    assert certificate.violations == ("1 pixels outside the mask differ, by up to 0.0039 of 1.",)
    assert certificate.to_json()["final_outside_mask"] == pytest.approx(1 / 255)


def test_mild_pass_over_the_whole_may_differ_but_stage_1_may_not(levels, mask, save) -> None:
    before, after = save("a.png", levels), save("b.png", levels + 1)
    assert certify(before, after, mask, whole=True, stage1_outside=0.0).violations == ()
    broken = certify(before, after, mask, whole=True, stage1_outside=0.25)
    assert broken.violations == ("Stage 1 changed samples outside its mask by up to 0.2500.",)
    assert certify(before, after, mask, whole=True).stage1_outside_mask is None  # files alone cannot tell


def test_hard_edge_is_a_seam(levels, mask, save) -> None:
    certificate = certify(save("a.png", levels), save("b.png", repaired(levels, mask, 30)), mask)
    assert not verdict(certificate, "seam")
    assert certificate.comparison.seam_after > 3 > certificate.comparison.seam_before


def test_shifted_colours_around_the_mask_are_a_violation(levels, mask, save) -> None:
    shifted = levels.copy()
    shifted[..., 0] += 25
    certificate = certify(save("a.png", levels), save("b.png", shifted), mask, whole=True)
    assert not verdict(certificate, "colour shift")
    assert certificate.comparison.colour_shift > 2.3


def test_other_size_is_a_violation_and_nothing_else_is_compared(levels, mask, save) -> None:
    certificate = certify(save("a.png", levels), save("b.png", levels[:-8]), mask)
    assert certificate.violations == ("The input has 80 x 60 pixels, the result 80 x 52.",)
    assert certificate.comparison is None
    assert certificate.to_json()["final_outside_mask"] is None


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("ICC profile", {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}, {}),
        ("EXIF", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x0e\0\2\0\0\0\2a\0\0\0\0\0\0\0"}, {}),
        ("resolution", {"dpi": (300, 300)}, {"dpi": (72, 72)}),
    ],
)
def test_what_was_said_beside_the_pixels_must_be_kept(name, before, after, levels, mask, save) -> None:
    path = save("a.png", levels, **before)
    assert not verdict(certify(path, save("b.png", levels, **after), mask), name)
    assert verdict(certify(path, save("c.png", levels, **before), mask), name)


def test_lost_text_is_a_violation_and_an_added_one_is_not(levels, mask, save) -> None:
    info = [PngInfo(), PngInfo(), PngInfo()]
    for one in info[:2]:
        one.add_text("parameters", "a cat")
    info[1].add_text("grefine", "{}")
    info[2].add_text("parameters", "a dog")
    before, more, other = (save(f"{i}.png", levels, pnginfo=one) for i, one in enumerate(info))
    assert verdict(certify(before, more, mask), "texts")
    assert not verdict(certify(before, other, mask), "texts")


def test_fewer_bits_and_another_mode_are_violations(mask, save) -> None:
    deep = np.full(SIZE, 300, np.uint16)
    certificate = certify(save("a.png", deep), save("b.png", (deep // 257).astype(np.uint8)), mask)
    assert not verdict(certificate, "bit depth")
    assert not verdict(certificate, "mode")


def test_jpeg_written_again_is_a_violation_that_says_so(levels, mask, save) -> None:
    before = save("a.jpg", levels, quality=80)
    with Image.open(before) as image:
        image.save(before.with_name("b.jpg"), quality=95)
    assert not verdict(certify(before, before.with_name("b.jpg"), mask), "outside the mask, file")


def test_empty_and_full_masks_have_no_seam(levels, save) -> None:
    path = save("a.png", levels)
    for full in (False, True):
        certificate = certify(path, path, np.full(SIZE, full))
        assert certificate.violations == ()
        assert certificate.comparison.seam_after is None
        assert certificate.comparison.colour_shift is None


def test_mask_of_another_size_is_refused(levels, mask, save) -> None:
    path = save("a.png", levels)
    with pytest.raises(InputError, match="The mask has 80 x 59 pixels, the input 80 x 60"):
        certify(path, path, mask[:-1])


def test_report_is_believed_only_for_its_own_files(levels, mask, save, tmp_path) -> None:
    before, after = save("a.png", levels), save("b.png", repaired(levels, mask))
    report = {
        "certificate": {"whole": True, "result_sha256": file_digest(after)},
        "image": {"sha256": file_digest(before)},
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert whole_by_report(before, after)
    assert not whole_by_report(after, before)
    (tmp_path / "report.json").write_text("[]")
    assert not whole_by_report(before, after)
