from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from grefine_core import InputError
from grefine_core.surgery import SurgerySettings, check_tower, interpolate_positions, tower_tokens

open_clip = pytest.importorskip("open_clip", reason="CLIP towers need `pip install grefine-core[clip]`")

VIT: dict[str, Any] = {
    "image_size": 32, "patch_size": 8, "width": 32, "layers": 8, "heads": 2, "mlp_ratio": 2.0, "output_dim": 16
}  # fmt: skip


def make_vit(**options: Any) -> Any:
    torch.manual_seed(0)
    tower = open_clip.transformer.VisionTransformer(**{**VIT, **options}).eval()
    for parameter in tower.parameters():  # the defaults leave biases and norms at 0 and 1, which hides mistakes
        nn.init.normal_(parameter, std=0.3)
    return tower


def make_resnet() -> Any:
    torch.manual_seed(0)
    tower = open_clip.modified_resnet.ModifiedResNet([1, 1, 1, 1], output_dim=16, heads=4, image_size=64, width=8)
    for parameter in tower.attnpool.parameters():
        nn.init.normal_(parameter, std=0.3)
    return tower.eval()


@pytest.fixture
def pixels() -> Tensor:
    return torch.randn(2, 3, 32, 32)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ls_init_value": 0.5},
        {"pool_type": "avg"},
        {"pool_type": "avg", "final_ln_after_pool": True},
        {"no_ln_pre": True},
        {"qk_norm": True},
        {"scale_heads": True, "scale_attn_inner": True, "scale_attn": True, "scale_fc": True},
    ],
    ids=str,
)
def test_global_feature_is_that_of_the_untouched_tower(options: dict[str, Any], pixels: Tensor) -> None:
    tower = make_vit(**options)
    with torch.no_grad():
        tokens, height = tower_tokens(tower, pixels)
        assert torch.allclose(tokens[:, 0], tower(pixels), atol=1e-4)
    assert tokens.shape == (2, 17, 16)
    assert height == 4


def by_hand(tower: Any, pixels: Tensor, blocks: int, *, printed_scale: bool = False) -> Tensor:
    """Return the patch features of eq. (1), from its words, with plain matrix products."""
    x = tower._embeds(pixels)
    new = None
    for number, block in enumerate(tower.transformer.resblocks):
        if number == len(tower.transformer.resblocks) - blocks:
            new = x
        if new is not None:
            width = x.shape[-1]
            weight, bias = block.attn.in_proj_weight[2 * width :], block.attn.in_proj_bias[2 * width :]
            heads = (block.ln_1(x) @ weight.T + bias).chunk(tower.transformer.resblocks[0].attn.num_heads, dim=-1)
            mixed = []
            for v in heads:
                scale = 1 / v.norm(dim=-1)[:, None, :] if printed_scale else v.shape[-1] ** -0.5
                mixed.append(torch.softmax(v @ v.mT * scale, dim=-1) @ v)
            new = new + block.attn.out_proj(torch.cat(mixed, dim=-1))
        x = block(x)
    return (tower.ln_post(new) @ tower.proj)[:, 1:]


@pytest.mark.parametrize("blocks", [1, 6, 8])
@pytest.mark.parametrize("scale", ["head_dim", "value_norm"])
def test_patches_are_eq_1_worked_by_hand(blocks: int, scale: Any, pixels: Tensor) -> None:
    tower = make_vit()
    with torch.no_grad():
        tokens, _ = tower_tokens(tower, pixels, SurgerySettings(blocks=blocks, scale=scale))
        expected = by_hand(tower, pixels, blocks, printed_scale=scale == "value_norm")
    assert torch.allclose(tokens[:, 1:], expected, atol=1e-4)


def test_own_attention_of_open_clip_gives_what_torch_s_does(pixels: Tensor) -> None:
    plain, custom = make_vit(), make_vit(block_type="custom")
    custom.load_state_dict(plain.state_dict())
    with torch.no_grad():
        assert torch.allclose(tower_tokens(plain, pixels)[0], tower_tokens(custom, pixels)[0], atol=1e-4)


@pytest.mark.parametrize("tower", [make_vit(), make_resnet()], ids=["vit", "resnet"])
@pytest.mark.parametrize("size", [(32, 64), (96, 32), (64, 64), (128, 160)])
def test_any_grid_is_taken_and_nothing_is_changed(tower: Any, size: tuple[int, int]) -> None:
    before = {name: value.clone() for name, value in tower.state_dict().items()}
    cell = 32 if hasattr(tower, "attnpool") else 8
    tokens, height = tower_tokens(tower, torch.randn(1, 3, *size))
    assert height == size[0] // cell
    assert tokens.shape == (1, 1 + (size[0] // cell) * (size[1] // cell), 16)
    assert tokens.isfinite().all()
    after = tower.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_patches_of_a_wide_picture_keep_their_places() -> None:
    tower = make_vit()
    picture = torch.zeros(1, 3, 32, 64)
    changed = picture.clone()
    changed[..., 8:16, 40:48] = 3.0  # cell (1, 5) of 4 x 8
    with torch.no_grad():
        difference = tower_tokens(tower, changed)[0] - tower_tokens(tower, picture)[0]
    assert int(difference[0, 1:].norm(dim=-1).argmax()) == 8 + 5


def test_threads_may_share_a_tower(pixels: Tensor) -> None:
    tower = make_vit()
    inputs = [torch.randn(1, 3, 8 * side, 32) for side in (2, 4, 6, 8)] * 3
    with torch.no_grad():
        expected = [tower_tokens(tower, one)[0] for one in inputs]

    def run(one: Tensor) -> Tensor:
        with torch.no_grad():
            return tower_tokens(tower, one)[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, inputs))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))


def test_gradient_reaches_the_pixels(pixels: Tensor) -> None:
    pixels.requires_grad_()
    tower_tokens(make_vit(), pixels)[0][:, 1:].sum().backward()
    assert pixels.grad is not None
    assert pixels.grad.abs().max() > 0


def test_resnet_keeps_its_global_feature_unless_the_reference_is_wanted() -> None:
    tower, pixels = make_resnet(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        ours, _ = tower_tokens(tower, pixels)
        reference, _ = tower_tokens(tower, pixels, SurgerySettings(reference=True))
        assert torch.allclose(ours[:, 0], tower(pixels), atol=1e-3)
    assert (reference[:, 0] - ours[:, 0]).abs().max() > 0.1
    assert torch.allclose(reference[:, 1:], ours[:, 1:], atol=1e-4)


def test_tower_without_attention_gives_its_last_map_through_the_same_head() -> None:
    torch.manual_seed(0)
    tower = open_clip.timm_model.TimmModel(
        "resnet10t", embed_dim=16, pool="avg", image_size=64, pretrained=False
    ).eval()
    cell = torch.randn(1, 3, 1, 1).expand(1, 3, 64, 96)
    with torch.no_grad():
        tokens, height = tower_tokens(tower, cell)
        assert torch.allclose(tokens[:, 0], tower(cell), atol=1e-5)
        assert torch.allclose(tokens[:, 1:].mean(1), tokens[:, 0], atol=1e-4)  # pooling and head are linear here
    assert (tokens.shape, height) == ((1, 1 + 2 * 3, 16), 2)


@pytest.mark.parametrize(
    ("name", "covered"), [("resnet10t", True), ("tf_efficientnet_lite0", True), ("vit_tiny_patch16_224", False)]
)
def test_timm_towers_are_covered_where_they_have_no_attention(name: str, covered: bool) -> None:
    tower = open_clip.timm_model.TimmModel(name, embed_dim=8, pool="avg")
    if covered:
        check_tower(tower)
        with torch.no_grad():
            assert tower_tokens(tower.eval(), torch.zeros(1, 3, 64, 64))[0].shape == (1, 5, 8)
    else:
        with pytest.raises(InputError, match="kind VisionTransformer have no patch features"):
            check_tower(tower)


def test_position_of_the_class_token_stays_and_a_square_grid_is_left_alone() -> None:
    positions = torch.randn(17, 8)
    assert interpolate_positions(positions, (4, 4)) is positions
    wide = interpolate_positions(positions, (2, 6))
    assert wide.shape == (13, 8)
    assert torch.equal(wide[0], positions[0])


@pytest.mark.parametrize(
    ("tower", "settings", "message"),
    [
        (make_vit(), SurgerySettings(blocks=9), "Surgery on 9 blocks needs as many; the tower has 8"),
        (make_vit(attentional_pool=True, attn_pooler_heads=2), SurgerySettings(), "pools its patches by attention"),
        (nn.Linear(2, 2), SurgerySettings(), "Towers of the kind Linear"),
    ],
)
def test_tower_that_eq_1_does_not_cover_is_refused(tower: Any, settings: SurgerySettings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tower_tokens(tower, torch.zeros(1, 3, 32, 32), settings)


@pytest.mark.parametrize(("options", "message"), [({"blocks": -1}, "at least 0"), ({"scale": "x"}, "`scale` must be")])
def test_settings_without_meaning_are_refused(options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SurgerySettings(**options)
