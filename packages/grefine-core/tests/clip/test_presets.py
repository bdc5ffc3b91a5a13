from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from grefine_core import InputError, WeightsError, load_encoder, load_preset
from grefine_core.clip import presets as clip_presets
from grefine_core.clip.presets import CONFIG, VIT_B_16, VIT_L_14, find
from grefine_core.weights import unpinned

ENCODERS = "grefine.encoders"
TEXTS = ["a cat", "two red dogs"]
MODEL_CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"layers": 7, "width": 64, "head_width": 64, "patch_size": 8, "image_size": 32, "mlp_ratio": 2.0},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2},
}


@pytest.fixture
def nothing_cached(tmp_path, monkeypatch, no_network) -> None:
    monkeypatch.setenv("GREFINE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def folder(tiny_clip, tmp_path) -> Path:
    """Return a folder in open_clip's layout, trained with GELU and other colours than OpenAI's."""
    save_file(tiny_clip(quick_gelu=False).state_dict(), tmp_path / "open_clip_model.safetensors")
    config = {"model_cfg": MODEL_CONFIG, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}
    (tmp_path / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


def written(state: dict[str, torch.Tensor], path: Path) -> Path:
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


class Archived(nn.Module):
    """A state dict as the attributes of a module, to be written as TorchScript."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("input_resolution", torch.tensor(32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize("name", ["clip.safetensors", "clip.pt", "clip.bin"])
def test_file_in_openai_format_is_loaded_without_loss(tiny_clip, tmp_path, name, caplog) -> None:
    model = tiny_clip()
    path = written(model.state_dict(), tmp_path / name)
    with caplog.at_level(logging.INFO, logger="grefine_core"):
        encoder = load_encoder(str(path), device="cpu")
    loaded = encoder.model.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())
    assert encoder.name == f"file:{unpinned(path).sha256[:16]}"
    assert "QuickGELU" in caplog.text
    expected = model.encode_text(encoder.tokenizer(TEXTS), normalize=True)
    torch.testing.assert_close(encoder.encode_text(TEXTS), expected, atol=1e-5, rtol=0)


def test_resnet_file_is_loaded(tiny_clip, tmp_path) -> None:
    model = tiny_clip(resnet=True)
    encoder = load_encoder(str(written(model.state_dict(), tmp_path / "rn.pt")), device="cpu")
    assert (encoder.input_size, encoder.patch_size) == (64, 32)
    assert torch.equal(encoder.model.visual.attnpool.v_proj.weight, model.visual.attnpool.v_proj.weight)


def test_half_precision_in_a_file_is_used_as_it_is(tiny_clip, tmp_path) -> None:
    state = tiny_clip().half().state_dict()
    encoder = load_encoder(str(written(state, tmp_path / "clip.pt")), device="cpu")
    weight = encoder.model.token_embedding.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["token_embedding.weight"].float())


def test_torchscript_archive_is_loaded_as_openai_published_them(tiny_clip, tmp_path) -> None:
    model = tiny_clip()
    holder = Archived(nn.Identity())
    for name, tensor in model.state_dict().items():  # TorchScript cannot compile open_clip; names are what counts
        module = holder
        *path, leaf = name.split(".")
        for part in path:
            if not hasattr(module, part):
                module.add_module(part, nn.Identity())
            module = getattr(module, part)
        module.register_buffer(leaf, tensor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; the files stay
        torch.jit.save(torch.jit.trace(holder.eval(), torch.zeros(1)), tmp_path / "ViT.pt")
    encoder = load_encoder(str(tmp_path / "ViT.pt"), device="cpu")
    assert torch.equal(encoder.model.visual.proj, model.visual.proj)


@pytest.mark.parametrize("prefix", ["", "local-dir:"])
def test_folder_in_the_layout_of_open_clip_is_loaded_as_its_configuration_says(folder, prefix, no_network) -> None:
    encoder = load_encoder(f"{prefix}{folder}", device="cpu")
    assert encoder.images.mean == (0.5, 0.5, 0.5)
    assert type(encoder.model.visual.transformer.resblocks[0].mlp.gelu) is nn.GELU
    assert encoder.name == f"file:{unpinned(folder / 'open_clip_model.safetensors').sha256[:16]}"


def test_configuration_beside_a_file_is_followed(folder) -> None:
    path = (folder / "open_clip_model.safetensors").rename(folder / "other.safetensors")
    encoder = load_encoder(str(path), device="cpu")
    assert type(encoder.model.visual.transformer.resblocks[0].mlp.gelu) is nn.GELU


def test_files_of_a_path_are_those_it_loads(folder) -> None:
    path = folder / "open_clip_model.safetensors"
    assert [file.path for file in find(str(folder)).files()] == [path]
    assert [file.path for file in find(str(path)).files()] == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no configuration of open_clip"),
        ("{}", "KeyError.*model_cfg"),
        ('{"model_cfg": {"vision_cfg": 1, "text_cfg": {}}}', "must be objects"),
        ('{"model_cfg": {"embed_dim": 16, "vision_cfg": {"layres": 1}, "text_cfg": {}}}', "none that open_clip knows"),
    ],
)
def test_broken_configuration_is_named(folder, content, message) -> None:
    (folder / CONFIG).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=message):
        load_encoder(str(folder), device="cpu")


def test_weights_that_do_not_fit_the_configuration_are_named_in_one_sentence(folder) -> None:
    config = {"model_cfg": MODEL_CONFIG | {"embed_dim": 8}}
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"open_clip_model\.safetensors does not fit its configuration") as caught:
        load_encoder(str(folder), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "message"), [("x", r"has no open_clip_config\.json"), ("x.pt", "is missing")])
def test_absent_path_is_named(tmp_path, name, message) -> None:
    prefix = "" if "." in name else "local-dir:"
    with pytest.raises(WeightsError, match=message):
        load_encoder(f"{prefix}{tmp_path / name}", device="cpu")


def test_folder_without_weights_is_named(folder) -> None:
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"has no weights file open_clip_model\.safetensors"):
        load_encoder(str(folder), device="cpu")


def test_file_of_another_kind_is_refused(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"no CLIP in OpenAI's format: 'token_embedding\.weight' is absent"):
        load_encoder(str(written({"a": torch.zeros(1)}, tmp_path / "a.pt")), device="cpu")


def test_unknown_name_says_what_is_installed_and_which_forms_there_are() -> None:
    with pytest.raises(InputError) as caught:
        load_encoder("vit-b-17", device="cpu")
    for part in ("`vit-b-17` is not installed", "vit-b-16", "`ARCH/TAG`", "`local-dir:FOLDER`", "a CLIP weights file"):
        assert part in str(caught.value)


def test_paths_are_presets_of_encoders_only(tmp_path) -> None:
    with pytest.raises(InputError, match=r"is not installed for grefine\.pairs"):
        load_preset("grefine.pairs", str(tmp_path))


@pytest.mark.parametrize("preset", [VIT_B_16, VIT_L_14])
def test_known_presets_name_their_file_without_the_net_or_open_clip(preset, nothing_cached, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    (file,) = preset.files()
    assert file.path.name == "open_clip_model.safetensors"
    assert not file.path.exists()
    assert file.download is not None


@pytest.mark.parametrize("name", ["vit-b-16", "vit-l-14"])
def test_known_presets_are_installed(name) -> None:
    assert load_preset(ENCODERS, name) in (VIT_B_16, VIT_L_14)


def test_known_preset_that_is_not_downloaded_says_both_ways_to_get_it_offline(nothing_cached) -> None:
    pytest.importorskip("open_clip", reason="needs the extra `clip`")
    with pytest.raises(WeightsError) as caught:
        load_encoder("vit-b-16", device="cpu")
    message = str(caught.value)
    assert "open_clip_model.safetensors of timm/vit_base_patch16_clip_224.openai is not downloaded" in message
    assert "`hf download timm/vit_base_patch16_clip_224.openai open_clip_model.safetensors --revision 977e3" in message
    assert "put it at " in message


def test_absent_open_clip_is_said_with_its_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(InputError, match=r"need open_clip; install it with `pip install 'grefine-core\[clip\]'`"):
        load_encoder("vit-b-16", device="cpu")


def test_unknown_tag_names_near_ones() -> None:
    pytest.importorskip("open_clip", reason="needs the extra `clip`")
    with pytest.raises(InputError, match=r"no weights `ViT-B-32/laion3b`; near are .*ViT-B-32/laion2b_s34b_b79k"):
        load_encoder("ViT-B-32/laion3b", device="cpu")
    with pytest.raises(InputError, match=r"near are .*ViT-B-32/openai"):
        load_encoder("ViT-B-31/openai", device="cpu")


@pytest.mark.parametrize(
    ("arch", "tag", "name", "quick_gelu"),
    [
        ("ViT-B-16", "openai", "ViT-B-16", True),
        ("ViT-B-16-quickgelu", "openai", "ViT-B-16", True),
        ("ViT-B/16", "OpenAI", "ViT-B-16", True),
        ("ViT-B-32", "laion2b-s34b-b79k", "ViT-B-32", False),
    ],
)
def test_weights_bring_the_activation_they_were_trained_with(arch, tag, name, quick_gelu) -> None:
    pytest.importorskip("open_clip", reason="needs the extra `clip`")
    from grefine_core.clip.models import find_pretrained

    found = find_pretrained(arch, tag)
    assert (found.arch, found.config["quick_gelu"]) == (name, quick_gelu)


def test_weights_of_the_hub_are_loaded_under_their_name(tiny_clip, tmp_path, monkeypatch) -> None:
    from grefine_core.clip import models

    model = tiny_clip()
    path = written(model.state_dict(), tmp_path / "open_clip_model.safetensors")
    found = models.Pretrained(
        arch="Tiny",
        tag="made",
        hub="org/tiny/",
        config=MODEL_CONFIG | {"quick_gelu": True},
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
    asked = []
    monkeypatch.setattr(models, "find_pretrained", lambda *_: found)
    monkeypatch.setattr(clip_presets, "hub_file", lambda repo, names: asked.append((repo, *names)) or unpinned(path))
    encoder = load_encoder("Tiny/made", device="cpu", dtype=torch.bfloat16)
    assert asked == [("org/tiny", "open_clip_model.safetensors", "open_clip_pytorch_model.bin")]
    assert encoder.name == "open_clip:Tiny/made"
    assert encoder.images.mean == (0.5, 0.5, 0.5)
    assert encoder.model.visual.proj.dtype == torch.bfloat16
