from __future__ import annotations

import json

import pytest

from balanced_refiner.diffusion.sources import (
    Layout,
    cached,
    choose_files,
    is_repository,
    opened_as,
    promised_digest,
    read_layout,
    resolve,
    small_files,
    variant,
    weight_paths,
)
from grefine_core import InputError, WeightsError

huggingface_hub = pytest.importorskip("huggingface_hub")
REPO = "org/inpainter"
INDEX = {
    "_class_name": "StableDiffusionXLInpaintPipeline",
    "_diffusers_version": "0.42.1",
    "requires_aesthetics_score": False,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
}
FILES = [
    "README.md",
    "model_index.json",
    "whole_model.safetensors",
    "scheduler/scheduler_config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "unet/config.json",
    "unet/diffusion_pytorch_model.bin",
    "unet/diffusion_pytorch_model.safetensors",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.non_ema.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "safety_checker/model.safetensors",
]


def write(folder, files=FILES, index=INDEX):
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(index) if name == "model_index.json" else name)
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return the folder of an empty hub cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def store(hub, files=FILES, repo=REPO, index=INDEX):
    """Put a repository into the cache as the hub's library lays it out."""
    folder = hub / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text("abc")
    return write(folder / "snapshots" / "abc", files, index)


@pytest.fixture
def online(hub, monkeypatch):
    """Stand in for the hub: it has `FILES`, and remembers what was asked for."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    asked = []

    def snapshot_download(repo, *, revision, allow_patterns, cache_dir, endpoint):
        asked.append((revision, sorted(allow_patterns)))
        return str(store(hub, allow_patterns, repo, INDEX))

    class Api:
        def __init__(self, endpoint):
            self.endpoint = endpoint

        def list_repo_files(self, *_, **__):
            return FILES

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return asked


def test_local_path_is_taken_as_it_is(tmp_path, no_network):
    assert resolve(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["/no/such/folder", "sdxll", "a/b/c"])
def test_name_of_no_known_form_is_refused_with_the_forms(name, hub):
    with pytest.raises(InputError, match=f"`{name}` does not exist; a model is a diffusers folder"):
        resolve(name)


def test_folder_with_the_form_of_a_repository_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_repository("org/inpainter")
    (tmp_path / "org" / "inpainter").mkdir(parents=True)
    assert not is_repository("org/inpainter")


def test_cached_repository_needs_no_network(hub, no_network, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    folder = store(hub)
    assert resolve(REPO) == folder


def test_cached_repository_that_lacks_weights_does_not_count(hub):
    store(hub, [name for name in FILES if not name.startswith("vae/")])
    assert cached(REPO) is None


def test_absent_repository_is_refused_offline_with_the_command_that_brings_it(hub, no_network):
    with pytest.raises(WeightsError, match=r"HF_HUB_OFFLINE is set.*`hf download org/inpainter --include"):
        resolve(REPO)


@pytest.mark.parametrize(("half", "tag"), [(False, ""), (True, ".fp16")])
def test_download_brings_the_index_and_then_one_variant_of_each_part(half, tag, online):
    folder = resolve(REPO, half=half)
    assert online[0] == (None, ["model_index.json"])
    assert online[1] == (
        "abc",
        sorted(
            [
                "model_index.json",
                "scheduler/scheduler_config.json",
                "tokenizer/merges.txt",
                "tokenizer/vocab.json",
                "unet/config.json",
                f"unet/diffusion_pytorch_model{tag}.safetensors",
                "vae/config.json",
                "vae/diffusion_pytorch_model.safetensors",
            ]
        ),
    )
    assert folder == cached(REPO)


def test_repository_of_another_kind_is_refused_before_its_weights_come(online, monkeypatch):
    monkeypatch.setitem(INDEX, "_class_name", "FluxPipeline")
    with pytest.raises(InputError, match="org/inpainter is a FluxPipeline"):
        resolve(REPO)
    assert [files for _, files in online] == [["model_index.json"]]


def test_download_that_fails_is_one_sentence(hub, monkeypatch):
    def refuse(*args, **_):
        raise OSError("no route\nto host")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(WeightsError, match=r"cannot be downloaded \(no route to host\)"):
        resolve(REPO)


def test_small_files_are_refused_offline_with_the_command_that_brings_them(hub, no_network):
    with pytest.raises(WeightsError, match=r"`hf download org/inpainter --include '\*.json'"):
        small_files(REPO)


def test_shards_of_one_variant_are_all_chosen():
    layout = Layout(pipeline="", parts=("unet",))
    plain = [f"unet/model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    halves = [f"unet/model.fp16-0000{i}-of-00002.safetensors" for i in (1, 2)]
    assert choose_files([*plain, *halves], layout, half=False)[1:] == plain
    assert choose_files([*plain, *halves], layout, half=True)[1:] == halves


def test_only_variant_is_taken_whatever_is_wanted():
    layout = Layout(pipeline="", parts=("unet",))
    assert choose_files(["unet/a.fp16.safetensors"], layout, half=False)[1:] == ["unet/a.fp16.safetensors"]
    assert choose_files(["unet/a.safetensors"], layout, half=True)[1:] == ["unet/a.safetensors"]


def test_layout_leaves_out_what_is_not_used(tmp_path):
    layout = read_layout(write(tmp_path))
    assert layout == Layout(
        pipeline="StableDiffusionXLInpaintPipeline", parts=("scheduler", "tokenizer", "unet", "vae")
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no model_index.json"),
        ("{", "no index of diffusers"),
        ("[]", "no index of diffusers"),
        ('{"unet": []}', "no index of diffusers"),
        ('{"_class_name": ["code", "Own"]}', "code of its own"),
    ],
)
def test_folder_that_is_no_pipeline_is_refused(content, message, tmp_path):
    if content is not None:
        (tmp_path / "model_index.json").write_text(content)
    with pytest.raises(InputError, match=message):
        read_layout(tmp_path)


@pytest.mark.parametrize(
    ("found", "opened"),
    [
        ("StableDiffusionPipeline", "StableDiffusionInpaintPipeline"),
        ("StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline"),
        ("StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLImg2ImgPipeline"),
        ("StableDiffusionControlNetPipeline", "StableDiffusionControlNetInpaintPipeline"),
    ],
)
def test_classes_are_opened_as_those_that_repaint(found, opened):
    assert opened_as(found, "here") == opened


@pytest.mark.parametrize("found", ["FluxPipeline", "StableDiffusion3Pipeline", "StableDiffusionUpscalePipeline"])
def test_other_classes_are_refused_with_what_is_accepted(found):
    with pytest.raises(InputError, match=f"The model here is a {found}; accepted are .*Stable Diffusion XL"):
        opened_as(found, "here")


def test_variant_is_named_only_where_the_plain_weights_are_absent(tmp_path):
    write(tmp_path)
    assert variant(tmp_path) is None
    for path in (tmp_path / "unet").glob("*.safetensors"):
        if ".fp16." not in path.name:
            path.unlink()
    assert variant(tmp_path) == "fp16"


def test_weights_are_those_of_the_used_parts_in_one_variant(tmp_path):
    write(tmp_path)
    names = [path.relative_to(tmp_path).as_posix() for path in weight_paths(tmp_path)]
    assert names == ["unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"]


def test_digest_is_promised_by_the_links_of_the_cache_alone(tmp_path):
    blob = tmp_path / ("0" * 64)
    blob.write_bytes(b"")
    (tmp_path / "model.safetensors").symlink_to(blob)
    assert promised_digest(tmp_path / "model.safetensors") == "0" * 64
    (tmp_path / "own.safetensors").write_bytes(b"")
    assert promised_digest(tmp_path / "own.safetensors") is None
