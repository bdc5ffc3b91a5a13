from __future__ import annotations

import dataclasses
import shutil

import pytest
import torch

from balanced_refiner import InpaintRequest, RefineError
from balanced_refiner.diffusion.pack import load_pack
from grefine_core import DiffusionPack, Emphasis, WeightsError

diffusers = pytest.importorskip("diffusers")
WIDTH = 8


def condition(prompt, emphases):
    """Stand in for a text model: one state a word, so that texts differ in length."""
    words = ["<start>", *prompt.split()]
    rows = [torch.randn(WIDTH, generator=torch.Generator().manual_seed(sum(map(ord, word)))) for word in words]
    return torch.stack(rows)[None] * (emphases[0].weight if emphases else 1.0)


def save_random_parts(folder):
    """Write a VAE of factor 2, a 9-channel UNet and a schedule, all tiny, in float16."""
    torch.manual_seed(0)
    diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(16, 16),
        latent_channels=4,
        norm_num_groups=8,
        mid_block_add_attention=False,
    ).half().save_pretrained(folder / "vae")
    diffusers.UNet2DConditionModel(
        sample_size=16,
        in_channels=9,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        cross_attention_dim=WIDTH,
        norm_num_groups=8,
    ).half().save_pretrained(folder / "unet")
    diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type="sample",
        timestep_spacing="trailing",
    ).save_pretrained(folder / "scheduler")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    save_random_parts(folder)
    return DiffusionPack(name="tiny", folder=folder, condition=condition, working_size=32, guidance_scale=2.0)


@pytest.fixture(scope="module")
def inpainter(pack):
    return load_pack(pack)


def request(prompts=("a red dog", "a cat"), **changes):
    count = len(prompts)
    masks = torch.zeros(count, 1, 32, 32)
    masks[:, :, 8:20, 8:20] = 1
    masks, strength = changes.pop("masks", masks), changes.pop("strength", 0.5)
    plain = InpaintRequest(
        images=torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(1)),
        strengths=strength * masks,
        prompts=list(prompts),
        emphases=[()] * count,
        seeds=list(range(count)),
        steps=2,
    )
    return dataclasses.replace(plain, **changes)


def row(whole, i):
    fields = {n: getattr(whole, n)[i : i + 1] for n in ("images", "strengths", "prompts", "emphases", "seeds")}
    return dataclasses.replace(whole, **fields)


def test_backend_says_of_a_pack_what_the_pack_says(pack):
    told = load_pack(dataclasses.replace(pack, max_strength=0.25, mild_pass=False))
    assert (told.name, told.working_size, told.max_strength, told.mild_pass) == ("tiny", 32, 0.25, False)
    assert load_pack(pack).mild_pass


def test_output_has_the_shape_and_range_of_the_input(inpainter):
    out = inpainter.inpaint(request())
    assert out.shape == (2, 3, 32, 32)
    assert out.dtype == torch.float32
    assert 0 <= out.min() < out.max() <= 1


def test_same_request_gives_the_same_bytes(inpainter):
    assert torch.equal(inpainter.inpaint(request()), inpainter.inpaint(request()))


def test_other_seed_gives_other_bytes(inpainter):
    assert not torch.equal(inpainter.inpaint(request()), inpainter.inpaint(request(seeds=[7, 8])))


@pytest.mark.parametrize("prompts", [("a red dog", "a cat"), ("a dog", "a cat"), ("a dog", "one big cat", "a bird")])
def test_result_does_not_depend_on_the_batch(prompts, inpainter):
    whole = request(prompts)
    together = inpainter.inpaint(whole)
    for i in range(len(prompts)):
        torch.testing.assert_close(inpainter.inpaint(row(whole, i))[0], together[i], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("steps", "strength", "expected"),
    [(1, 0.5, 1), (2, 0.1, 2), (3, 0.29, 3), (7, 0.95, 7), (2, 0.999, 2), (2, 1.0, 2), (5, 0.002, 2)],
)
def test_exactly_the_steps_are_run(steps, strength, expected, inpainter, monkeypatch):
    calls, heard = [], []
    unet = inpainter._model._pipe.unet
    run = unet.forward
    monkeypatch.setattr(
        unet, "forward", lambda *args, **options: (calls.append(float(args[1][0])), run(*args, **options))[1]
    )
    inpainter.inpaint(
        request(("a dog",), steps=steps, strength=strength), on_step=lambda done, total: heard.append((done, total))
    )
    assert len(calls) == expected
    assert heard == [(i + 1, expected) for i in range(expected)]
    assert calls[0] == round(strength * 1000) - 1  # the noise level that was asked for, not the nearest of a grid


def test_steps_of_unlike_texts_are_counted_together(inpainter):
    heard = []
    inpainter.inpaint(request(), on_step=lambda done, total: heard.append((done, total)))
    assert heard == [(i + 1, 4) for i in range(4)]


def test_strength_below_a_level_returns_the_images(inpainter):
    whole = request(strength=0.0005)
    assert torch.equal(inpainter.inpaint(whole), whole.images)


@pytest.mark.usefixtures("posterior_mode")
def test_steps_equal_ddim_where_its_grid_has_them(inpainter):
    whole = request(("a dog",), steps=5, masks=torch.ones(1, 1, 32, 32))
    ours = inpainter.inpaint(whole)
    pipe = inpainter._model._pipe
    ddim = diffusers.DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False, set_alpha_to_one=True)
    stock = diffusers.StableDiffusionInpaintPipeline(
        **{name: part for name, part in pipe.components.items() if name != "scheduler"},
        scheduler=ddim,
        requires_safety_checker=False,
    )
    stock.set_progress_bar_config(disable=True)
    theirs = stock(
        prompt_embeds=condition("a dog", ()),
        negative_prompt_embeds=torch.nn.functional.pad(condition("", ()), (0, 0, 0, 2)),
        image=whole.images,
        mask_image=whole.masks,
        height=32,
        width=32,
        strength=0.5,
        num_inference_steps=10,
        guidance_scale=2.0,
        generator=[torch.Generator().manual_seed(0)],
        output_type="pt",
    ).images
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_emphasis_reaches_the_text_side(inpainter):
    heavy = [(Emphasis(text="dog", start=2, end=5, weight=1.5),)]
    plain = inpainter.inpaint(request(("a dog",)))
    assert not torch.equal(plain, inpainter.inpaint(request(("a dog",), emphases=heavy)))


def test_without_guidance_the_unet_sees_each_image_once(pack, monkeypatch):
    inpainter = load_pack(dataclasses.replace(pack, guidance_scale=1.0))
    seen = []
    unet = inpainter._model._pipe.unet
    run = unet.forward
    monkeypatch.setattr(unet, "forward", lambda *args, **options: (seen.append(len(args[0])), run(*args, **options))[1])
    inpainter.inpaint(request(("a dog", "a cat")))
    assert seen == [2, 2]


def test_single_masked_pixel_reaches_the_unet(inpainter, monkeypatch):
    masks, seen = torch.zeros(1, 1, 32, 32), []
    masks[0, 0, 21, 13] = 1  # odd on both axes: nearest sampling at stride 2 would miss it
    unet = inpainter._model._pipe.unet
    run = unet.forward
    monkeypatch.setattr(
        unet, "forward", lambda *args, **options: (seen.append(args[0][0, 4]), run(*args, **options))[1]
    )
    inpainter.inpaint(request(("a dog",), masks=masks))
    assert seen[0].sum() == 1
    assert seen[0][10, 6] == 1


def test_nan_weights_are_refused_clearly(pack):
    inpainter = load_pack(pack)
    torch.nn.init.constant_(inpainter._model._pipe.unet.conv_out.bias, torch.nan)
    with pytest.raises(RefineError, match="not numbers"):
        inpainter.inpaint(request())


def test_half_precision_on_disk_runs_in_float32(inpainter):
    assert {p.dtype for p in inpainter._model._pipe.unet.parameters()} == {torch.float32}


def test_building_and_running_print_nothing(pack, capfd):
    load_pack(pack).inpaint(request(("a dog",)))
    out, err = capfd.readouterr()
    assert out == err == ""


@pytest.mark.parametrize("part", ["vae", "unet", "scheduler"])
def test_missing_part_is_named(part, pack, tmp_path):
    folder = shutil.copytree(pack.folder, tmp_path / "copy")
    shutil.rmtree(folder / part)
    with pytest.raises(WeightsError, match=part):
        load_pack(dataclasses.replace(pack, folder=folder))


def test_damaged_part_is_named(pack, tmp_path):
    folder = shutil.copytree(pack.folder, tmp_path / "copy")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="`tiny`"):
        load_pack(dataclasses.replace(pack, folder=folder))
