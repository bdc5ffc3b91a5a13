from __future__ import annotations

import json

import pytest
import torch

from grefine import Settings, read_receipt, refine_file, replay
from grefine_core import InputError

pytestmark = pytest.mark.usefixtures("no_packs")


@pytest.fixture
def report(models, damaged_pixels, save_picture, tmp_path):
    """Return the report of a refinement with other settings than the defaults."""
    path = save_picture(damaged_pixels)
    refine_file(path, "a red wall", tmp_path / "out", Settings(seed=5, steps=6), load=models.load)
    return tmp_path / "out" / "report.json"


def edit(report, change) -> None:
    content = json.loads(report.read_text("utf-8"))
    change(content)
    report.write_text(json.dumps(content), encoding="utf-8")


def test_replay_gives_the_same_file(report, models) -> None:
    done = replay(read_receipt(report), load=models.load)
    assert done.identical
    assert done.differences == ()


def test_replay_writes_where_it_is_told(report, models, tmp_path) -> None:
    done = replay(read_receipt(report), tmp_path / "again", load=models.load)
    assert (tmp_path / "again" / "refined.png").read_bytes() == (report.parent / "refined.png").read_bytes()
    assert done.finished.files[0] == tmp_path / "again" / "refined.png"


def test_replay_without_a_folder_leaves_nothing(report, models, tmp_path) -> None:
    before = sorted(tmp_path.rglob("*"))
    replay(read_receipt(report), load=models.load)
    assert sorted(tmp_path.rglob("*")) == before


def test_replay_notices_another_result(report, models) -> None:
    models.red = 0.9
    assert not replay(read_receipt(report), load=models.load).identical


def test_replay_names_versions_that_changed(report, models) -> None:
    edit(report, lambda content: content["versions"].update(torch="0.1", python="3.0"))
    told = " ".join(replay(read_receipt(report), load=models.load).differences)
    assert "torch was 0.1 and is" in told
    assert "python was 3.0 and is" in told


def test_replay_names_weights_that_changed(report, models) -> None:
    pack = {"group": "grefine.diffusion", "preset": "mini", "files": {"unet.safetensors": "0" * 64}}
    edit(report, lambda content: content["models"].update(packs=[pack]))
    (told,) = replay(read_receipt(report), load=models.load).differences
    assert told == "The files of preset `mini` of grefine.diffusion are not those of then."


def test_picture_beside_the_report_is_found_where_the_old_path_is_gone(report, models, tmp_path) -> None:
    (tmp_path / "picture.png").rename(report.parent / "picture.png")
    assert replay(read_receipt(report), load=models.load).identical


def test_picture_that_is_gone_is_asked_for(report, tmp_path) -> None:
    (tmp_path / "picture.png").rename(tmp_path / "other.png")
    with pytest.raises(InputError, match="--image"):
        read_receipt(report)
    assert read_receipt(report, image=tmp_path / "other.png").prompt == "a red wall"


def test_other_picture_is_refused(report, good_pixels, save_picture) -> None:
    with pytest.raises(InputError, match="sha256"):
        read_receipt(report, image=save_picture(good_pixels, "good.png"))


def test_other_mask_of_locked_pixels_is_refused(models, damaged_pixels, save_picture, tmp_path) -> None:
    picture, mask = save_picture(damaged_pixels), save_picture(torch.zeros_like(damaged_pixels), "mask.png")
    refine_file(picture, "a red wall", tmp_path / "out", Settings(locked=str(mask)), load=models.load)
    report = tmp_path / "out" / "report.json"
    assert replay(read_receipt(report), load=models.load).identical
    save_picture(torch.ones_like(damaged_pixels), "mask.png")
    with pytest.raises(InputError, match="mask of locked pixels"):
        read_receipt(report)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(schema=999), "schema"),
        (lambda content: content.pop("prompt"), "'prompt'"),
        (lambda content: content.update(versions=None), "no report"),
        (lambda content: content["settings"].update(speed=3), "Unknown setting `speed`"),
    ],
)
def test_report_that_cannot_be_repeated_is_refused(change, message, report) -> None:
    edit(report, change)
    with pytest.raises(InputError, match=message):
        read_receipt(report)


@pytest.mark.parametrize(("content", "message"), [("{", "no JSON"), ("[]", "schema"), (None, "does not exist")])
def test_file_that_is_no_report_is_refused(content, message, tmp_path) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_receipt(path)


def test_folder_of_the_receipt_is_refused(report, models) -> None:
    content = (report.parent / "refined.png").read_bytes()
    with pytest.raises(InputError, match="replace the recorded one"):
        replay(read_receipt(report), report.parent, load=models.load)
    assert (report.parent / "refined.png").read_bytes() == content
