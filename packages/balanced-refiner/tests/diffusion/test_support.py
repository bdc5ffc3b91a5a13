from __future__ import annotations

import pytest

from balanced_refiner.diffusion.support import check_pipeline
from grefine_core import InputError

diffusers = pytest.importorskip("diffusers")
XL = "StableDiffusionXLInpaintPipeline"
TILE = "StableDiffusionXLControlNetImg2ImgPipeline"


def test_supported_pipeline_passes(make_pipe):
    assert check_pipeline(make_pipe(XL, channels=9)) is None


@pytest.mark.parametrize("part", ["vae", "unet", "scheduler"])
def test_pipeline_without_a_part_is_refused(part, make_pipe):
    pipe = make_pipe(XL)
    setattr(pipe, part, None)
    with pytest.raises(InputError, match=f"`{XL}` has no {part}; the refiner takes"):
        check_pipeline(pipe)


def test_flow_matching_is_refused(make_pipe):
    pipe = make_pipe(XL)
    pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    with pytest.raises(InputError, match="`FlowMatchEulerDiscreteScheduler`, which is for flow matching"):
        check_pipeline(pipe)


def test_prediction_that_the_loop_does_not_know_is_refused(make_pipe):
    pipe = make_pipe(XL, scheduler=diffusers.UniPCMultistepScheduler(prediction_type="flow_prediction"))
    with pytest.raises(InputError, match="predicts `flow_prediction`"):
        check_pipeline(pipe)


def test_other_number_of_levels_is_refused(make_pipe):
    pipe = make_pipe(XL, scheduler=diffusers.DDIMScheduler(num_train_timesteps=50, steps_offset=1, clip_sample=False))
    with pytest.raises(InputError, match="50 levels"):
        check_pipeline(pipe)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"in_channels": 8}, "takes 8 channels, not 4 or 9"),
        ({"addition_embed_type": "text_image"}, "`text_image`"),
        ({"encoder_hid_dim_type": "ip_image_proj"}, "IP-Adapter"),
        ({"time_cond_proj_dim": 256}, "distilled"),
    ],
)
def test_unet_that_wants_other_inputs_is_refused(changes, message, make_pipe):
    pipe = make_pipe(XL)
    pipe.unet.register_to_config(**changes)
    with pytest.raises(InputError, match=message):
        check_pipeline(pipe)


def test_several_controlnets_are_refused(make_pipe):
    pipe = make_pipe(TILE)
    assert check_pipeline(pipe) is None
    pipe.controlnet = diffusers.MultiControlNetModel([pipe.controlnet] * 2)
    with pytest.raises(InputError, match="ControlNet"):
        check_pipeline(pipe)


def test_controlnet_of_several_kinds_is_refused(make_pipe):
    pipe = make_pipe(TILE)
    pipe.controlnet.register_to_config(num_control_type=6)  # as a `ControlNetUnionModel` has it
    with pytest.raises(InputError, match="several kinds"):
        check_pipeline(pipe)
