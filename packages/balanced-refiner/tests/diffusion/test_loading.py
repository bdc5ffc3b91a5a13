from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from balanced_refiner.diffusion import loading
from balanced_refiner.diffusion.loading import open_pipeline, share_pipeline
from balanced_refiner.diffusion.options import DiffusionOptions
from grefine_core import InputError, WeightsError

XL, SD = "StableDiffusionXLInpaintPipeline", "StableDiffusionInpaintPipeline"


@pytest.fixture(scope="module")
def saved(tmp_path_factory, build_pipeline):
    """Return a factory of folders with a tiny pipeline of a class and number of channels, each made once."""
    made = {}

    def save(name=XL, channels=9, **options):
        if (name, channels) not in made:
            folder = tmp_path_factory.mktemp("model")
            build_pipeline(name, channels=channels, **options).save_pretrained(folder)
            made[name, channels] = folder
        return made[name, channels]

    return save


@pytest.fixture
def copy(saved, tmp_path):
    """Return a copy of a saved pipeline that a test may damage."""
    return shutil.copytree(saved(), tmp_path / "copy")


@pytest.fixture(scope="module")
def tile(tmp_path_factory, build_pipeline):
    import diffusers

    folder = tmp_path_factory.mktemp("tile")
    diffusers.ControlNetModel.from_unet(build_pipeline(XL, channels=4).unet).save_pretrained(folder)
    return folder


def rename_class(folder, name):
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": name}))


@pytest.mark.parametrize(
    ("name", "channels", "opened"),
    [
        (XL, 9, XL),
        (XL, 4, XL),
        (SD, 9, SD),
        ("StableDiffusionXLPipeline", 4, XL),
        ("StableDiffusionPipeline", 4, SD),
        ("StableDiffusionXLImg2ImgPipeline", 4, "StableDiffusionXLImg2ImgPipeline"),
        ("StableDiffusionImg2ImgPipeline", 4, "StableDiffusionImg2ImgPipeline"),
    ],
)
def test_folder_is_opened_as_a_class_that_repaints_with_its_weights(name, channels, opened, saved, no_network):
    import diffusers

    folder = saved(name, channels)
    pipe = open_pipeline(folder)
    assert type(pipe).__name__ == opened
    stock = getattr(diffusers, name).from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = getattr(pipe, part).state_dict(), getattr(stock, part).state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
        assert not getattr(pipe, part).training
        assert not any(weight.requires_grad for weight in getattr(pipe, part).parameters())


def test_opening_prints_nothing(saved, capfd):
    open_pipeline(saved())
    assert capfd.readouterr() == ("", "")


def test_opening_leaves_the_verbosity_of_others_alone(saved):
    from diffusers.utils import logging

    logging.set_verbosity_info()
    try:
        open_pipeline(saved())
        assert logging.get_verbosity() == logging.INFO
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()


def test_weights_come_in_the_number_type_asked_for(saved):
    pipe = open_pipeline(saved(), options=DiffusionOptions(dtype="bfloat16"))
    assert pipe.unet.dtype == pipe.vae.dtype == pipe.text_encoder_2.dtype == torch.bfloat16


def test_half_precision_variant_is_found_where_it_is_the_only_one(tmp_path, build_pipeline):
    build_pipeline(XL).to(torch.float16).save_pretrained(tmp_path, variant="fp16")
    assert open_pipeline(tmp_path).unet.dtype == torch.float32


@pytest.mark.parametrize("name", ["FluxPipeline", "StableDiffusion3Pipeline", "StableDiffusionLatentUpscalePipeline"])
def test_other_pipelines_are_refused_by_name(name, copy):
    rename_class(copy, name)
    with pytest.raises(InputError, match=f"is a {name}; accepted are"):
        open_pipeline(copy)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder_2", "tokenizer", "scheduler"])
def test_missing_part_is_named(part, copy):
    shutil.rmtree(copy / part)
    with pytest.raises(WeightsError, match=f"no folder `{part}`"):
        open_pipeline(copy)


def test_pickled_weights_are_refused(copy):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(WeightsError, match=r"no .safetensors file in `unet`; pickled"):
        open_pipeline(copy)


def test_damaged_weights_are_refused_in_one_sentence(copy):
    (copy / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"^The model .*copy cannot be loaded: .*\.$"):
        open_pipeline(copy)


def test_offload_is_refused_on_the_cpu_before_anything_is_read():
    with pytest.raises(InputError, match="needs an accelerator"):
        open_pipeline("/no/such/folder", options=DiffusionOptions(offload="model"))


@pytest.mark.parametrize("channels", [4, 9])
def test_tile_controlnet_joins_the_pipeline(channels, saved, tile):
    pipe = open_pipeline(saved(XL, channels), options=DiffusionOptions(controlnet=str(tile)))
    assert type(pipe).__name__ == "StableDiffusionXLControlNetInpaintPipeline"
    assert pipe.unet.config.in_channels == channels
    assert not pipe.controlnet.training


def test_controlnet_of_another_width_is_refused(saved, tile):
    with pytest.raises(InputError, match="text states of width 64, the model's are 32"):
        open_pipeline(saved(SD), options=DiffusionOptions(controlnet=str(tile)))


def test_model_that_is_no_controlnet_is_refused(saved):
    with pytest.raises(InputError, match="is a UNet2DConditionModel, not a ControlNetModel"):
        open_pipeline(saved(), options=DiffusionOptions(controlnet=str(saved() / "unet")))


def test_saved_controlnet_pipeline_is_opened_with_its_controlnet(saved, build_pipeline, tmp_path):
    import diffusers

    pipe = build_pipeline(SD, channels=4)
    controlnet = diffusers.ControlNetModel.from_unet(pipe.unet)
    parts = {"controlnet": controlnet, "requires_safety_checker": False}
    diffusers.StableDiffusionControlNetPipeline(**pipe.components, **parts).save_pretrained(tmp_path)
    opened = open_pipeline(tmp_path)
    assert type(opened).__name__ == "StableDiffusionControlNetInpaintPipeline"
    weights, own = controlnet.state_dict(), opened.controlnet.state_dict()
    assert all(torch.equal(weights[key], own[key]) for key in weights)


def test_vae_options_and_layout_reach_the_models(saved):
    options = DiffusionOptions(vae_tiling=True, vae_slicing=True, channels_last=True)
    pipe = open_pipeline(saved(), options=options)
    assert pipe.vae.use_tiling
    assert pipe.vae.use_slicing
    assert pipe.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)


class Recorder:
    """Stand in for a pipeline on a machine with a GPU: remembers what is asked of it."""

    def __init__(self):
        self.calls = []
        self.components = {}
        self.unet = self

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.append((name, args, options))


@pytest.mark.parametrize(
    ("offload", "method"),
    [
        ("none", "to"),
        ("model", "enable_model_cpu_offload"),
        ("sequential", "enable_sequential_cpu_offload"),
        ("group", "enable_group_offload"),
    ],
)
def test_each_kind_of_offload_calls_its_method_on_the_device(offload, method, monkeypatch):
    pipe, device = Recorder(), torch.device("cuda:1")
    loading._place(pipe, DiffusionOptions(offload=offload), device)
    name, args, options = pipe.calls[-1]
    assert name == method
    assert device in (*args, *options.values())


def test_compiling_compiles_the_repeated_blocks():
    pipe = Recorder()
    loading._place(pipe, DiffusionOptions(compile=True), torch.device("cpu"))
    assert pipe.calls[-1] == ("compile_repeated_blocks", (), {"fullgraph": True})


def test_shared_pipeline_has_the_same_weights_in_their_own_types(build_pipeline):
    pipe = build_pipeline("StableDiffusionXLPipeline", channels=4)
    pipe.unet.to(torch.bfloat16)
    shared = share_pipeline(pipe)
    assert type(shared).__name__ == XL
    assert shared.unet is pipe.unet
    assert (shared.unet.dtype, shared.vae.dtype) == (torch.bfloat16, torch.float32)
    assert shared.scheduler is not pipe.scheduler
    assert shared.scheduler.config == pipe.scheduler.config


def test_shared_pipeline_keeps_what_is_taken_for_no_negative(build_pipeline):
    pipe = build_pipeline(XL)
    pipe.register_to_config(force_zeros_for_empty_prompt=False)
    assert not share_pipeline(pipe, "StableDiffusionXLInpaintPipeline").config.force_zeros_for_empty_prompt


def test_shared_pipeline_can_have_a_controlnet_of_its_own(build_pipeline, tile):
    pipe = build_pipeline(XL, channels=4)
    pipe.unet.to(torch.bfloat16)
    shared = share_pipeline(pipe, controlnet=str(tile))
    assert type(shared).__name__ == "StableDiffusionXLControlNetInpaintPipeline"
    assert shared.unet is pipe.unet
    assert shared.controlnet.dtype == torch.bfloat16
    assert shared.vae.dtype == torch.float32


def test_inpainting_unet_is_refused_for_img2img(build_pipeline):
    with pytest.raises(InputError, match="needs a UNet of 4 channels"):
        share_pipeline(build_pipeline(SD), "StableDiffusionImg2ImgPipeline")


@pytest.fixture
def single(tmp_path, build_pipeline, monkeypatch):
    """Return a file that looks like an XL model, and what the loader of diffusers will be asked with it."""
    import diffusers

    file, asked = tmp_path / "model.safetensors", {}
    save_file(
        {
            "model.diffusion_model.input_blocks.0.0.weight": torch.zeros(8, 9, 3, 3),
            "conditioner.embedders.1.model.token_embedding.weight": torch.zeros(1),
        },
        file,
    )

    def from_single_file(path, **options):
        asked.update(options, path=path)
        return build_pipeline(XL)

    monkeypatch.setattr(getattr(diffusers, XL), "from_single_file", from_single_file)
    return file, asked


def test_single_file_is_opened_with_small_files_that_are_here_and_never_from_the_net(single, monkeypatch):
    file, asked = single
    monkeypatch.setattr(loading, "small_files", lambda repo: f"small files of {repo}")
    open_pipeline(file)
    assert asked["path"] == str(file)
    assert asked["config"] == "small files of diffusers/stable-diffusion-xl-1.0-inpainting-0.1"
    assert asked["local_files_only"]


def test_single_file_can_be_described_by_a_folder(single, saved):
    file, asked = single
    open_pipeline(file, options=DiffusionOptions(config=str(saved())))
    assert asked["config"] == str(saved())
