from __future__ import annotations

import dataclasses

import pytest
import torch

from balanced_refiner.diffusion.latents import CONTROL_SCALE

diffusers = pytest.importorskip("diffusers")
# the stock schedulers read torch tensors through numpy in a way that numpy announces to end
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
KINDS = [
    ("StableDiffusionInpaintPipeline", 4),
    ("StableDiffusionInpaintPipeline", 9),
    ("StableDiffusionImg2ImgPipeline", 4),
    ("StableDiffusionControlNetImg2ImgPipeline", 4),
    ("StableDiffusionXLInpaintPipeline", 4),
    ("StableDiffusionXLInpaintPipeline", 9),
    ("StableDiffusionXLImg2ImgPipeline", 4),
    ("StableDiffusionXLControlNetImg2ImgPipeline", 4),
    ("StableDiffusionXLControlNetInpaintPipeline", 4),
    ("StableDiffusionXLControlNetInpaintPipeline", 9),
]
XL = "StableDiffusionXLInpaintPipeline"
SIZE = 64
DDIM = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "timestep_spacing": "trailing"}


def stock(pipe, request, text, *, strength=0.5, **options):
    """Call a stock pipeline as a user would; 10 steps at strength 0.5 are 5."""
    states = text(request.prompts[0], ())
    options = {
        "prompt_embeds": states.hidden[1:],
        "negative_prompt_embeds": states.hidden[:1],
        "image": request.images,
        "strength": strength,
        "num_inference_steps": 10,
        "guidance_scale": 5.0,
        "generator": [torch.Generator().manual_seed(request.seeds[0])],
        "output_type": "pt",
    } | options
    kind = type(pipe).__name__
    if "XL" in kind:
        options |= {"pooled_prompt_embeds": states.pooled[1:], "negative_pooled_prompt_embeds": states.pooled[:1]}
    if "Inpaint" in kind:
        options |= {"mask_image": request.masks, "height": SIZE, "width": SIZE}
    if "ControlNet" in kind:
        options |= {"control_image": request.images, "controlnet_conditioning_scale": CONTROL_SCALE}
    return pipe(**options).images


def whole(request, strength=0.5):
    return dataclasses.replace(request, strengths=torch.full_like(request.strengths, strength))


@pytest.mark.parametrize(("kind", "channels"), KINDS)
@pytest.mark.usefixtures("posterior_mode")
def test_every_kind_of_pipeline_paints_what_its_own_call_paints(kind, channels, paint_with, make_pipe, ask, text):
    pipe, request = make_pipe(kind, channels=channels), whole(ask())
    ours = paint_with(pipe).inpaint(request)
    assert (ours - request.images).abs().mean() > 0.05  # else any two calls would agree
    torch.testing.assert_close(ours, stock(pipe, request, text), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["StableDiffusionInpaintPipeline", XL])
@pytest.mark.usefixtures("posterior_mode")
def test_box_is_painted_as_by_the_stock_call_of_four_channels(kind, paint_with, make_pipe, ask, text):
    pipe = make_pipe(kind)
    ours = paint_with(pipe).inpaint(ask())
    torch.testing.assert_close(ours, stock(pipe, ask(), text), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["StableDiffusionInpaintPipeline", XL])
@pytest.mark.usefixtures("posterior_mode")
def test_box_is_painted_as_by_the_stock_call_of_nine_channels_if_that_held_the_rest(
    kind, paint_with, make_pipe, ask, text
):
    pipe, request = make_pipe(kind, channels=9), ask()
    ours = paint_with(pipe).inpaint(request)
    model = paint_with(pipe)._model
    clean = model.encode(request.images)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    box = torch.nn.functional.max_pool2d(request.masks, 8).bool()

    def hold(pipe, index, _, state):
        left = pipe.scheduler.timesteps[-4:][index : index + 1]  # of five levels, those after each step
        held = pipe.scheduler.add_noise(clean, noise, left) if len(left) else clean
        return state | {"latents": torch.where(box, state["latents"], held)}

    free = stock(pipe, request, text)
    held = stock(pipe, request, text, callback_on_step_end=hold)
    torch.testing.assert_close(ours, held, atol=1e-4, rtol=0)
    assert (free - held).abs().max() > 1e-3  # holding is what makes the difference


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.usefixtures("posterior_mode")
def test_model_of_each_prediction_paints_as_with_ddim(prediction, paint_with, make_pipe, ask, text):
    scheduler = diffusers.DDIMScheduler(**DDIM, steps_offset=1, clip_sample=False, prediction_type=prediction)
    pipe = make_pipe(XL, scheduler=scheduler)
    ours = paint_with(pipe).inpaint(whole(ask()))
    torch.testing.assert_close(ours, stock(pipe, whole(ask()), text), atol=1e-4, rtol=0)


@pytest.mark.usefixtures("posterior_mode")
def test_full_strength_paints_as_the_stock_call_from_noise(paint_with, make_pipe, ask, text):
    scheduler = diffusers.DDIMScheduler(**DDIM, steps_offset=1, clip_sample=False)
    pipe = make_pipe(XL, scheduler=scheduler)
    ours = paint_with(pipe).inpaint(whole(ask(steps=10), 1.0))
    torch.testing.assert_close(ours, stock(pipe, whole(ask(), 1.0), text, strength=1.0), atol=1e-4, rtol=0)


@pytest.mark.usefixtures("posterior_mode")
def test_schedule_of_zero_terminal_noise_is_that_of_the_scheduler(paint_with, make_pipe, ask, text):
    options = {"clip_sample": False, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    pipe = make_pipe(XL, scheduler=diffusers.DDIMScheduler(**DDIM, steps_offset=1, **options))
    ours = paint_with(pipe).inpaint(whole(ask()))
    torch.testing.assert_close(ours, stock(pipe, whole(ask()), text), atol=1e-4, rtol=0)


@pytest.mark.usefixtures("posterior_mode")
def test_refiner_of_sdxl_is_told_aesthetic_scores_as_by_its_own_call(paint_with, make_pipe, ask, text):
    unet = {"projection_class_embeddings_input_dim": 5 * 8 + 16}
    pipe = make_pipe("StableDiffusionXLImg2ImgPipeline", unet=unet, requires_aesthetics_score=True)
    ours = paint_with(pipe).inpaint(whole(ask()))
    torch.testing.assert_close(ours, stock(pipe, whole(ask()), text), atol=1e-4, rtol=0)
