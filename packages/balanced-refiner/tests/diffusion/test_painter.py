from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from balanced_refiner import Cancelled, DiffusersInpainter, Inpainter, PainterSettings, RefineError, TextStates
from balanced_refiner.diffusion.codec_loss import low_pass
from grefine_core import Emphasis, InputError

XL = "StableDiffusionXLInpaintPipeline"
SIZE = 64


def test_painter_keeps_the_protocol(paint_with):
    assert isinstance(paint_with(XL), Inpainter)


@pytest.mark.parametrize("channels", [4, 9])
def test_batch_of_unlike_pictures_equals_singles(channels, paint_with, ask, one_of):
    painter = paint_with(XL, channels=channels)
    together = ask("a dog", "a red cat", "a bird", "rain", seeds=[5, 3, 5, 8])
    factors = torch.tensor([0.004, 1.0, 0.3, 1.8]).view(4, 1, 1, 1)  # of 0.5; the first has fewer levels than steps
    request = dataclasses.replace(together, strengths=together.strengths * factors)
    painted = painter.inpaint(request)
    for i in range(4):
        torch.testing.assert_close(painter.inpaint(one_of(request, i))[0], painted[i], atol=1e-4, rtol=0)


def test_pictures_of_unlike_strengths_share_each_call(paint_with, ask, spy):
    painter = paint_with(XL)
    seen = spy(painter._model._pipe.unet)
    request = ask("a dog", "a cat")
    painter.inpaint(
        dataclasses.replace(request, strengths=request.strengths * torch.tensor([1, 1.6])[:, None, None, None])
    )
    assert [levels.tolist() for _, levels in seen] == [
        [499, 799, 499, 799],  # without the prompts, and with them
        [399, 639, 399, 639],
        [299, 479, 299, 479],
        [199, 319, 199, 319],
        [99, 159, 99, 159],
    ]


@pytest.mark.parametrize(
    ("steps", "strength", "expected"),
    [(1, 0.5, 1), (2, 0.1, 2), (3, 0.29, 3), (7, 0.95, 7), (2, 0.999, 2), (2, 1.0, 2), (5, 0.002, 2)],
)
def test_exactly_the_steps_are_run(steps, strength, expected, paint_with, ask, spy):
    painter, heard = paint_with("StableDiffusionInpaintPipeline", channels=9), []
    seen = spy(painter._model._pipe.unet)
    painter.inpaint(ask(steps=steps, strength=strength), on_step=lambda done, total: heard.append((done, total)))
    assert len(seen) == expected
    assert heard == [(i + 1, expected) for i in range(expected)]
    assert seen[0][1][0] == round(strength * 1000) - 1  # the noise level that was asked for, not the nearest of a grid


@pytest.fixture
def latents_of(monkeypatch):
    """Return a function from a painter and a request to the repainted latents and those of the original."""

    def run(painter, request):
        decoded, decode = [], painter._model.decode
        monkeypatch.setattr(painter._model, "decode", lambda latents: (decoded.append(latents), decode(latents))[1])
        painter.inpaint(request)
        return decoded[0], painter._model.encode(request.images)

    return run


@pytest.mark.parametrize("channels", [4, 9])
def test_pixel_of_lower_strength_changes_less(channels, paint_with, ask, latents_of):
    soft = torch.linspace(0, 0.9, 8).repeat_interleave(8).expand(1, 1, SIZE, SIZE)  # eight columns of cells
    painted, original = latents_of(paint_with(XL, channels=channels), ask(strengths=soft, steps=10))
    change = (painted - original).abs().mean((0, 1, 2))
    assert change[0] == 0
    assert (change.diff() > 0).all()


@pytest.mark.parametrize("channels", [4, 9])
def test_uniform_map_over_a_box_is_one_strength(channels, paint_with, ask):
    painter, request = paint_with(XL, channels=channels), ask()
    wobbling = request.strengths * (1 + 1e-5 * torch.rand(request.strengths.shape, generator=torch.Generator()))
    assert not torch.equal(wobbling, request.strengths)
    torch.testing.assert_close(
        painter.inpaint(dataclasses.replace(request, strengths=wobbling)), painter.inpaint(request), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("channels", [4, 9])
def test_pixel_of_no_strength_has_exactly_the_latents_of_the_original(channels, paint_with, ask, latents_of):
    painted, original = latents_of(paint_with(XL, channels=channels), ask())
    assert torch.equal((painted == original).all(1), ask().strengths[:, 0, ::8, ::8] == 0)


def test_single_pixel_reaches_the_unet(paint_with, ask, spy):
    painter, strengths = paint_with(XL, channels=9), torch.zeros(1, 1, SIZE, SIZE)
    strengths[0, 0, 21, 13] = 0.5  # inside a cell of 8 x 8: nearest sampling would miss it
    seen = spy(painter._model._pipe.unet)
    painter.inpaint(ask(strengths=strengths))
    mask = seen[0][0][0, 4]
    assert mask.sum() == mask[2, 1] == 1


def test_without_guidance_the_unet_sees_each_picture_once(paint_with, ask, spy):
    painter = paint_with(XL, guidance_scale=1.0)
    seen = spy(painter._model._pipe.unet)
    painter.inpaint(ask("a dog", "a cat"))
    assert [len(latents) for latents, _ in seen] == [2] * 5


def test_emphasis_reaches_the_text_side(paint_with, ask):
    painter, heavy = paint_with(XL), [(Emphasis(text="dog", start=2, end=5, weight=1.5),)]
    assert not torch.equal(painter.inpaint(ask()), painter.inpaint(ask(emphases=heavy)))


def test_same_request_gives_the_same_bytes_and_another_seed_others(paint_with, ask):
    painter = paint_with(XL, channels=9)
    assert torch.equal(painter.inpaint(ask()), painter.inpaint(ask()))
    assert not torch.equal(painter.inpaint(ask()), painter.inpaint(ask(seeds=[7])))


def test_strength_below_a_level_returns_the_images(paint_with, ask):
    request = ask(strength=0.0005)
    assert torch.equal(paint_with(XL).inpaint(request), request.images)


def fails_in_half(value):
    """A hook for the VAE's decoder: what overflow in half precision leaves."""
    return lambda _, __, output: output.float().fill_(value).to(output) if output.dtype == torch.float16 else output


@pytest.mark.parametrize("value", [torch.nan, -5.0])  # -5 is black
def test_picture_lost_in_half_precision_is_decoded_in_float32(value, paint_with, make_pipe, ask):
    pipe = make_pipe(XL)
    pipe.vae.half()
    plain = paint_with(pipe).inpaint(ask())
    pipe.vae.decoder.register_forward_hook(fails_in_half(value))
    saved = paint_with(pipe).inpaint(ask())
    torch.testing.assert_close(saved, plain, atol=5e-3, rtol=0)
    assert pipe.vae.dtype == torch.float16


def test_picture_lost_in_float32_too_is_refused(paint_with, make_pipe, ask):
    pipe = make_pipe(XL)
    pipe.vae.half()
    pipe.vae.decoder.register_forward_hook(lambda _, __, output: output * torch.nan)
    with pytest.raises(RefineError, match="not numbers"):
        paint_with(pipe).inpaint(ask())
    assert pipe.vae.dtype == torch.float16


def test_latents_that_are_not_numbers_are_refused(paint_with, make_pipe, ask):
    pipe = make_pipe(XL)
    torch.nn.init.constant_(pipe.unet.conv_out.bias, torch.nan)
    with pytest.raises(RefineError, match="not numbers"):
        paint_with(pipe).inpaint(ask())


class StopAt:
    def __init__(self, step):
        self.step, self.heard = step, []

    def __call__(self, done, _total):
        self.heard.append(done)
        if done == self.step:
            raise Cancelled


def test_cancelling_stops_at_once_and_leaves_the_pipeline_usable(paint_with, make_pipe, ask, monkeypatch):
    pipe, freed = make_pipe(XL), []
    painter = paint_with(pipe)
    before = painter.inpaint(ask())
    monkeypatch.setattr(pipe, "maybe_free_model_hooks", lambda: freed.append(1))
    stop = StopAt(2)
    with pytest.raises(Cancelled):
        painter.inpaint(ask(), on_step=stop)
    assert (stop.heard, freed) == ([1, 2], [1])
    assert torch.equal(painter.inpaint(ask()), before)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of the stock scheduler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_pipeline_is_as_before(dtype, paint_with, make_pipe, ask):
    pipe = make_pipe(XL, channels=9).to(dtype=dtype)
    pipe.vae.register_to_config(force_upcast=True)
    pipe.scheduler.set_timesteps(7)
    weights = {name: copy.deepcopy(getattr(pipe, name).state_dict()) for name in ("unet", "vae")}
    scheduler, attributes = copy.deepcopy(vars(pipe.scheduler)), set(vars(pipe))
    painted = paint_with(pipe).inpaint(ask())
    assert painted.dtype == torch.float32
    for name, before in weights.items():
        after = getattr(pipe, name).state_dict()
        assert all(after[key].dtype == value.dtype and torch.equal(after[key], value) for key, value in before.items())
    assert str(vars(pipe.scheduler)) == str(scheduler)
    assert set(vars(pipe)) == attributes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_paints_nearly_the_same(dtype, paint_with, make_pipe, ask):
    exact = paint_with(make_pipe(XL, channels=9)).inpaint(ask())
    rough = paint_with(make_pipe(XL, channels=9).to(dtype=dtype)).inpaint(ask())
    assert 0 < (rough - exact).abs().mean() < 0.02


@pytest.mark.parametrize("kind", [XL, "StableDiffusionXLControlNetInpaintPipeline"])
def test_offloading_pipeline_paints_the_same_and_is_offloaded_again(kind, paint_with, make_pipe, ask):
    pytest.importorskip("accelerate")
    pipe = make_pipe(kind, channels=9)
    before = paint_with(pipe).inpaint(ask())
    pipe.enable_model_cpu_offload(device="cpu")
    hooks = len(pipe._all_hooks)
    assert torch.equal(paint_with(pipe).inpaint(ask()), before)
    assert len(pipe._all_hooks) == hooks > 0


def test_pipeline_that_offloads_by_groups_paints_the_same_and_keeps_its_precision(paint_with, make_pipe, ask):
    pipe = make_pipe(XL, channels=9)
    pipe.vae.half().register_to_config(force_upcast=True)
    before = paint_with(pipe).inpaint(ask())
    pipe.enable_group_offload(torch.device("cpu"), offload_type="leaf_level")
    for _ in range(2):
        assert torch.equal(paint_with(pipe).inpaint(ask()), before)
    assert {tensor.dtype for tensor in pipe.vae.parameters()} == {torch.float16}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_devices_agree(paint_with, make_pipe, ask):
    here = paint_with(make_pipe(XL, channels=9)).inpaint(ask())
    there = paint_with(make_pipe(XL, channels=9).to("cuda")).inpaint(ask())
    torch.testing.assert_close(here, there, atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"working_size": 60}, "multiple of 8"),
        ({"max_strength": 0.0}, "`max_strength`"),
        ({"guidance_scale": float("nan")}, "`guidance_scale`"),
        ({"codec_sigma": -1.0}, "`codec_sigma`"),
    ],
)
def test_settings_out_of_range_are_refused_and_named(changes, message, make_pipe, text):
    with pytest.raises(InputError, match=message):
        DiffusersInpainter(make_pipe(XL), text, PainterSettings(**({"working_size": SIZE} | changes)), name="tiny")


def test_coarse_part_of_what_the_vae_loses_is_given_back(paint_with, ask):
    request = ask("a dog", strength=0.3)
    plain, painter = paint_with(XL), paint_with(XL, codec_sigma=2.0)
    model = painter._model
    lost = request.images - model.decode(model.encode(request.images))
    expected = (plain.inpaint(request) + low_pass(lost, 2.0)).clamp(0, 1)
    torch.testing.assert_close(painter.inpaint(request), expected, atol=1e-5, rtol=0)
    assert not torch.equal(plain.inpaint(request), expected)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (TextStates(hidden=torch.zeros(2, 7, 9), pooled=torch.zeros(2, 16)), "width 32.*gave 9"),
        (TextStates(hidden=torch.zeros(2, 7, 32)), "pooled"),
        (TextStates(hidden=torch.zeros(2, 7, 32), pooled=torch.zeros(2, 15)), "width 15"),
    ],
)
def test_text_side_of_another_model_is_refused(states, message, make_pipe, ask):
    painter = DiffusersInpainter(make_pipe(XL), lambda *_: states, PainterSettings(working_size=SIZE), name="tiny")
    with pytest.raises(InputError, match=message):
        painter.inpaint(ask())
