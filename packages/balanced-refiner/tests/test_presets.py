from __future__ import annotations

import importlib.util
import json

import pytest
import torch
from safetensors.torch import save_file

from balanced_refiner import DiffusionOptions, InpaintRequest, load_inpainter, load_stage2, presets, wrap_pipeline
from balanced_refiner.presets import SD15, SDXL, DiffusersModel, find_model, model_files
from grefine_core import Emphasis, InputError, Preset, WeightsError

XL, SD = "StableDiffusionXLInpaintPipeline", "StableDiffusionInpaintPipeline"


@pytest.fixture(scope="module")
def saved(tmp_path_factory, build_pipeline):
    """Return a factory of folders with a tiny pipeline of a class."""

    def save(name=XL, channels=9):
        folder = tmp_path_factory.mktemp("tiny") / name
        build_pipeline(name, channels=channels).save_pretrained(folder)
        return folder

    return save


@pytest.fixture
def no_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "hub"


@pytest.fixture
def needs_diffusers():
    pytest.importorskip("diffusers")


def ask(painter, *, prompt="a red house", emphases=(), seed=1):
    size = painter.working_size
    strengths = torch.zeros(1, 1, size, size)
    strengths[..., 16:48, 24:56] = 0.7
    return InpaintRequest(
        images=torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(3)),
        strengths=strengths,
        prompts=[prompt],
        emphases=[emphases],
        seeds=[seed],
        steps=2,
    )


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        (XL, 9),
        (XL, 4),
        (SD, 9),
        ("StableDiffusionPipeline", 4),
        ("StableDiffusionXLImg2ImgPipeline", 4),
    ],
)
def test_folder_of_each_kind_paints(name, channels, saved, no_network):
    folder = saved(name, channels)
    painter = load_inpainter(str(folder), device="cpu")
    assert (painter.name, painter.working_size) == (folder.name, 128)
    request = ask(painter)
    made = painter.inpaint(request)
    assert made.shape == request.images.shape
    assert not torch.equal(made, request.images)
    assert torch.equal(made, load_inpainter(str(folder), device="cpu").inpaint(request))


def test_prompt_and_emphasis_reach_the_picture(saved):
    painter = load_inpainter(str(saved()), device="cpu")
    plain = painter.inpaint(ask(painter))
    heavy = (Emphasis(text="red", start=2, end=5, weight=1.8),)
    assert not torch.equal(plain, painter.inpaint(ask(painter, emphases=heavy)))
    assert not torch.equal(plain, painter.inpaint(ask(painter, prompt="a blue house")))


def test_negative_prompt_reaches_the_picture(saved):
    folder = str(saved(SD))
    painters = [
        load_inpainter(folder, device="cpu", options=DiffusionOptions(negative_prompt=text)) for text in ("", "blurry")
    ]
    plain, other = (painter.inpaint(ask(painter)) for painter in painters)
    assert not torch.equal(plain, other)


def test_tile_controlnet_paints(saved, build_pipeline, tmp_path):
    import diffusers

    tile = diffusers.ControlNetModel.from_unet(build_pipeline(XL, channels=4).unet)
    for block in (*tile.controlnet_down_blocks, tile.controlnet_mid_block):
        torch.nn.init.normal_(block.weight, std=0.1)  # an untrained one is zero and says nothing
    tile.save_pretrained(tmp_path)
    folder = str(saved())
    plain = load_inpainter(folder, device="cpu")
    tiled = load_inpainter(folder, device="cpu", options=DiffusionOptions(controlnet=str(tmp_path)))
    assert not torch.equal(plain.inpaint(ask(plain)), tiled.inpaint(ask(tiled)))


def test_wrapped_pipeline_paints_as_its_folder_does(build_pipeline, tmp_path):
    pipe = build_pipeline("StableDiffusionXLPipeline", channels=4)
    pipe.save_pretrained(tmp_path)
    own, loaded = wrap_pipeline(pipe, name="mine"), load_inpainter(str(tmp_path), device="cpu")
    assert own.name == "mine"
    # to rounding: where in memory weights lie can change the last bit
    torch.testing.assert_close(own.inpaint(ask(own)), loaded.inpaint(ask(loaded)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("preset", "repository", "size"),
    [
        (SDXL, "diffusers/stable-diffusion-xl-1.0-inpainting-0.1", 1024),
        (SD15, "stable-diffusion-v1-5/stable-diffusion-inpainting", 512),
    ],
)
def test_named_models_are_repositories_with_their_sizes(preset, repository, size):
    model = preset.load(device=torch.device("cpu"))
    assert (model.source, model.working_size) == (repository, size)


@pytest.mark.parametrize(("name", "preset"), [("sdxl", SDXL), ("sd15", SD15)])
def test_named_models_are_installed_with_the_package(name, preset):
    assert find_model(name) is preset


@pytest.mark.parametrize("name", ["sdxl", "sd15", "org/inpainter"])
def test_absent_model_is_refused_offline_in_one_sentence(needs_diffusers, name, no_hub, no_network):
    with pytest.raises(WeightsError, match=r"is not downloaded, and HF_HUB_OFFLINE is set.*`hf download"):
        load_inpainter(name, device="cpu")


def test_files_of_an_absent_model_are_one_that_brings_it(no_hub, no_network):
    (file,) = find_model("sdxl").files()
    assert not file.path.exists()
    assert file.path.parent == no_hub
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE"):
        file.download()


def test_files_of_a_folder_are_its_weights(saved):
    names = [file.verify().parent.name for file in model_files(str(saved()))]
    assert sorted(names) == ["text_encoder", "text_encoder_2", "unet", "vae"]


def test_files_of_a_cached_repository_have_the_digests_that_the_hub_promised(saved, no_hub):
    repository = no_hub / "models--org--tiny"
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    snapshot = repository / "snapshots" / "abc"
    saved().rename(snapshot.parent.mkdir() or snapshot)
    weights = snapshot / "unet" / "diffusion_pytorch_model.safetensors"
    blob = repository / "blobs" / ("0" * 64)
    weights.rename(blob)
    weights.symlink_to(blob)
    digests = {file.path.parent.name: file.sha256 for file in model_files("org/tiny")}
    assert digests["unet"] == "0" * 64
    assert load_inpainter("org/tiny", device="cpu").name == "org/tiny"


def test_folder_of_another_kind_is_refused_before_it_is_hashed(saved):
    folder = saved()
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "FluxPipeline"}))
    with pytest.raises(InputError, match="is a FluxPipeline"):
        find_model(str(folder)).files()


def test_file_of_another_kind_is_refused_before_it_is_hashed(tmp_path):
    save_file({"weight": torch.zeros(1)}, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match="not the tensors of a whole"):
        find_model(str(tmp_path / "lora.safetensors")).files()


def test_unknown_name_is_refused_with_what_may_be_named(needs_diffusers):
    with pytest.raises(InputError, match=r"`no-such-preset` is not installed.*sdxl.*may also be a diffusers folder"):
        load_inpainter("no-such-preset", device="cpu")


def test_missing_diffusers_is_named(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(presets, "find_spec", lambda name: None if name == "diffusers" else found(name))
    with pytest.raises(InputError, match=r"balanced-refiner\[diffusers\]"):
        load_inpainter("mini")


def test_pack_refuses_options_that_it_would_not_keep(needs_diffusers, monkeypatch):
    preset = Preset(summary="", load=lambda **_: pytest.fail("loaded"), files=list)
    monkeypatch.setattr(presets, "find_model", lambda _: preset)
    with pytest.raises(InputError, match="The pack `p` takes no options"):
        load_inpainter("p", device="cpu", options=DiffusionOptions(dtype="float16"))


def test_model_of_an_installed_preset_is_opened(monkeypatch, saved):
    model = DiffusersModel(name="theirs", source=str(saved()), working_size=64)
    monkeypatch.setattr(presets, "find_model", lambda _: model.preset("theirs"))
    painter = load_inpainter("theirs", device="cpu")
    assert (painter.name, painter.working_size) == ("theirs", 64)


def test_stage_2_takes_what_stage_1_takes(saved):
    folder = saved()
    assert load_stage2(str(folder), device="cpu").name == folder.name


def test_stage_2_takes_a_restoration_model(tmp_path):
    pytest.importorskip("spandrel", reason="needs the extra `restore`")
    from spandrel.architectures.Compact import Compact

    state = Compact(num_feat=8, num_conv=1, upscale=1).state_dict()
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pth")
    for name in ("a.safetensors", "a.pth"):
        assert load_stage2(str(tmp_path / name), device="cpu").name.startswith("spandrel:Compact:")


def test_stage_2_opens_a_file_with_a_unet_as_a_diffusion_model(needs_diffusers, tmp_path):
    save_file({"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(8, 9, 3, 3)}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="not the tensors of a whole Stable Diffusion"):
        load_stage2(str(tmp_path / "a.safetensors"), device="cpu")


@pytest.mark.parametrize("name", ["pasd", "PASD"])
def test_pasd_is_refused_with_what_is_missing(name):
    with pytest.raises(InputError, match=r"its UNet and its ControlNet are classes of its own repository.*licence"):
        load_stage2(name)
