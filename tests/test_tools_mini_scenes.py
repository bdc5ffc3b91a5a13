"""The composer of the mini pack: what a scene says of itself is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grefine_core import InputError
from tests.mini_assets import OBJECTS, write_assets
from tools.mini.assets import Assets
from tools.mini.captions import bare
from tools.mini.colors import COLORS, too_close, wrong_color
from tools.mini.layout import direction
from tools.mini.photographic import vary
from tools.mini.scenes import Scene, SceneOptions, compose
from tools.mini.stream import generator
from tools.mini.words import plural

PLAIN = SceneOptions(shadow=0, soft_edge=0)


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    return Assets(write_assets(tmp_path_factory.mktemp("data")), split="all")


@pytest.fixture(scope="module")
def scenes(assets: Assets) -> list[Scene]:
    return [compose(assets, generator(5, i), 128, count=i % 4, options=PLAIN) for i in range(80)]


def test_scene_is_the_same_for_the_same_seed(assets: Assets) -> None:
    one, two = (compose(assets, generator(3, 7), 128, count=3) for _ in range(2))
    assert np.array_equal(one.pixels, two.pixels)
    assert (one.caption, one.relations, one.negatives) == (two.caption, two.relations, two.negatives)


def test_scene_differs_by_index(assets: Assets) -> None:
    one, two = (compose(assets, generator(3, i), 128, count=2) for i in (7, 8))
    assert not np.array_equal(one.pixels, two.pixels)


def test_scene_has_the_asked_number_of_objects(scenes: list[Scene]) -> None:
    assert [len(scene.objects) for scene in scenes] == [i % 4 for i in range(80)]


def test_image_is_float_in_unit_range(scenes: list[Scene]) -> None:
    image = scenes[1].image
    assert image.shape == (128, 128, 3)
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1


def test_mask_is_where_the_object_changed_the_picture(scenes: list[Scene]) -> None:
    for scene in scenes:
        if scene.objects:
            changed = (scene.pixels != scene.before_pixels).any(-1)
            assert not changed[scene.objects[-1].alpha == 0].any()


def test_variation_changes_the_picture_and_the_one_before_alike(assets: Assets) -> None:
    options = SceneOptions(shadow=0, soft_edge=0, varied=True)
    for i in range(20):
        scene = compose(assets, generator(8, i), 128, count=2, options=options)
        outside = scene.objects[-1].alpha == 0
        assert np.abs(scene.image - scene.before_last)[outside].mean() < 0.01  # but for JPEG


def test_mask_shows_the_object_color(assets: Assets) -> None:
    options = SceneOptions(shadow=0, soft_edge=0, recolored=0)
    for i in range(30):
        scene = compose(assets, generator(9, i), 128, count=3, options=options)
        for placed in scene.objects:
            inside = scene.pixels[placed.alpha == 255]
            if len(inside):
                assert np.abs(inside.astype(int) - OBJECTS[placed.noun][1]).max() <= 8


def test_masks_of_a_scene_never_overlap_fully(scenes: list[Scene]) -> None:
    for scene in scenes:
        if scene.objects:
            total = sum(placed.alpha.astype(int) for placed in scene.objects)
            assert total.max() <= 258  # rounding at mixed edges


def test_every_object_keeps_a_visible_part(scenes: list[Scene]) -> None:
    for scene in scenes:
        for placed in scene.objects:
            boxes = sum((right - left) * (bottom - top) for left, top, right, bottom in placed.boxes)
            assert (placed.alpha > 127).sum() > 0.2 * boxes


def test_caption_names_every_object(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert all(bare(placed.caption) in scene.caption for placed in scene.objects)


def test_caption_of_an_empty_scene_names_the_ground(scenes: list[Scene]) -> None:
    assert all(scene.ground in scene.caption for scene in scenes if not scene.objects)


def test_recolored_object_has_the_named_hue(assets: Assets) -> None:
    seen = set()
    for i in range(60):
        scene = compose(assets, generator(2, i), 128, count=1, options=SceneOptions(recolored=1, shadow=0))
        placed = scene.objects[0]
        own = OBJECTS[placed.noun][0]
        if own in (None, "black"):
            continue
        assert placed.color is not None
        assert placed.color in placed.caption
        seen.add(placed.color)
        red, green, blue = scene.pixels[placed.alpha == 255].mean(0)
        if placed.color == "green":
            assert green > max(red, blue)
        if placed.color in ("blue", "purple"):
            assert blue > green
        if placed.color in ("red", "orange", "pink"):
            assert red > max(green, blue)
    assert len(seen) >= 5


def test_counted_object_has_that_many_copies(assets: Assets) -> None:
    words = {2: "two", 3: "three", 4: "four"}
    counts = set()
    for i in range(20):
        placed = compose(assets, generator(4, i), 128, count=1, options=SceneOptions(counts=1)).objects[0]
        counts.add(placed.count)
        assert len(placed.boxes) == placed.count
        if placed.count > 1:
            assert placed.caption.startswith(words[placed.count])
            assert placed.caption.endswith(plural(placed.phrase))
    assert {2, 3} <= counts


def test_relations_are_true_of_the_boxes(scenes: list[Scene]) -> None:
    found = set()
    for scene in scenes:
        for relation in scene.relations:
            first, second = (scene.objects[i].box for i in (relation.first, relation.second))
            x = [(box[0] + box[2]) / 2 for box in (first, second)]
            y = [(box[1] + box[3]) / 2 for box in (first, second)]
            found.add(relation.word)
            if relation.word in ("left of", "right of"):
                assert (x[0] < x[1]) == (relation.word == "left of")
            if relation.word in ("above", "below"):
                assert (y[0] < y[1]) == (relation.word == "above")
            if relation.word == "on":
                assert first[3] < second[3]
            if relation.word in ("behind", "in front of"):
                assert (relation.first > relation.second) == (relation.word == "in front of")
    assert {"left of", "right of", "above", "below", "behind", "in front of"} <= found


def test_relation_negative_turns_a_true_one_round(scenes: list[Scene]) -> None:
    turned = [n for scene in scenes for n in scene.negatives if n.kind == "relation"]
    assert turned
    for scene in scenes:
        for negative in scene.negatives:
            if negative.kind == "relation":
                assert negative.text not in scene.caption


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ((0, 0, 10, 10), (20, 0, 30, 10), "left of"),
        ((20, 2, 30, 12), (0, 0, 10, 10), "right of"),
        ((0, 0, 10, 10), (2, 20, 12, 30), "above"),
        ((0, 0, 10, 10), (20, 20, 30, 30), None),
        ((0, 0, 10, 10), (5, 5, 15, 15), None),
    ],
)
def test_direction_is_that_of_the_boxes(first: tuple[int, ...], second: tuple[int, ...], word: str | None) -> None:
    assert direction(first, second) == word  # type: ignore[arg-type]


def test_absent_nouns_are_not_in_the_caption(scenes: list[Scene]) -> None:
    assert any(scene.absent for scene in scenes)
    for scene in scenes:
        for noun in scene.absent:
            assert noun not in scene.caption
            assert all(noun != placed.noun for placed in scene.objects)


def test_negatives_are_never_the_caption(scenes: list[Scene]) -> None:
    negatives = [(scene, negative) for scene in scenes for negative in scene.negatives]
    assert {n.kind for _, n in negatives} == {"noun", "color", "binding", "count", "relation"}
    for scene, negative in negatives:
        assert negative.text != scene.caption
        assert bare(negative.phrase) in negative.text


def test_color_negative_names_a_color_that_is_far(scenes: list[Scene]) -> None:
    for scene in scenes:
        for negative in scene.negatives:
            if negative.kind == "color":
                own = scene.objects[negative.index].color
                wrong = [color for color in COLORS if color in negative.phrase.split()]
                assert own is not None
                assert len(wrong) == 1
                assert not too_close(own, wrong[0])


def test_wrong_color_is_never_close() -> None:
    rng = np.random.default_rng(0)
    assert all(not too_close(color, wrong_color(color, rng)) for color in COLORS for _ in range(20))


def test_styles_choose_objects(assets: Assets) -> None:
    options = SceneOptions(styles=("photo",))
    scenes = [compose(assets, generator(1, i), 96, count=2, options=options) for i in range(10)]
    assert {placed.style for scene in scenes for placed in scene.objects} == {"photo"}


def test_unknown_style_is_refused(assets: Assets) -> None:
    with pytest.raises(InputError, match="`styles`"):
        compose(assets, generator(1, 1), 96, count=1, options=SceneOptions(styles=("oil",)))


def test_clean_variation_is_mild(scenes: list[Scene]) -> None:
    rng = np.random.default_rng(0)
    differences = [np.abs(vary(s.pixels, rng).astype(float) - s.pixels).mean() for s in scenes[:40]]
    assert 1 < np.mean(differences) < 16
    assert max(differences) < 40


def test_real_assets_make_scenes(data_folder: Path) -> None:
    assets = Assets(data_folder, training=False)
    options = SceneOptions(photographs=0.5, varied=True)
    scenes = [compose(assets, generator(1, i), 128, count=i % 5, options=options) for i in range(20)]
    assert all(len(scene.objects) == i % 5 for i, scene in enumerate(scenes))
    assert len({scene.caption for scene in scenes if scene.objects}) == 16
