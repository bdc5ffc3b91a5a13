from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from balanced_refiner.backend import Inpainter, InpaintRequest
from balanced_refiner.diffusion.restorer import SpandrelRestorer
from balanced_refiner.errors import RefineError
from balanced_refiner.stages import StagePlan, stage2
from grefine_core import InputError, WeightsError

spandrel = pytest.importorskip("spandrel", reason="needs the extra `restore`")


def network(*, scale=1, channels=3):
    """Return a tiny network of the architecture that spandrel calls "RealESRGAN Compact"."""
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(3)
    return Compact(num_in_ch=channels, num_out_ch=channels, num_feat=8, num_conv=1, upscale=scale).eval()


@pytest.fixture
def save(tmp_path):
    """Return a function that writes a network's tensors to a file."""

    def save(name="model.safetensors", **options):
        state = network(**options).state_dict()
        path = tmp_path / name
        if path.suffix == ".safetensors":
            save_file(state, path)
        else:
            torch.save({"params_ema": state}, path)
        return path

    return save


def request(strengths=None, *, count=2, size=32):
    images = torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))
    return InpaintRequest(
        images=images,
        strengths=torch.full((count, 1, size, size), 0.1) if strengths is None else strengths,
        prompts=["a"] * count,
        emphases=[()] * count,
        seeds=[0] * count,
        steps=4,
    )


@torch.no_grad()
def restored(images, **options):
    return torch.cat([network(**options)(image[None]) for image in images]).clamp(0, 1)


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth", "model.pt"])
def test_file_of_each_format_is_restored_with(name, save):
    restorer = SpandrelRestorer(save(name), working_size=32)
    asked = request()
    torch.testing.assert_close(restorer.inpaint(asked), restored(asked.images), atol=1e-6, rtol=0)


def test_restorer_keeps_the_protocol_and_names_architecture_and_file(save):
    restorer = SpandrelRestorer(save())
    assert isinstance(restorer, Inpainter)
    assert restorer.name.startswith("spandrel:Compact:")
    assert (restorer.working_size, restorer.max_strength, restorer.mild_pass) == (512, 1.0, True)


def test_pixels_without_strength_are_left_bit_for_bit(save):
    strengths = torch.zeros(2, 1, 32, 32)
    strengths[0, :, 4:20, 8:30] = 0.1
    asked = request(strengths)
    made = SpandrelRestorer(save(), working_size=32).inpaint(asked)
    inside = (strengths > 0).expand_as(made)
    assert torch.equal(made[~inside], asked.images[~inside])
    torch.testing.assert_close(made[inside], restored(asked.images)[inside], atol=1e-6, rtol=0)


def test_strength_above_zero_does_not_matter(save):
    restorer = SpandrelRestorer(save(), working_size=32)
    weak, strong = (request(torch.full((2, 1, 32, 32), strength)) for strength in (0.05, 0.95))
    assert torch.equal(restorer.inpaint(weak), restorer.inpaint(strong))


def test_enlarged_picture_is_brought_back_by_averaging(save):
    asked = request()
    made = SpandrelRestorer(save(scale=2), working_size=32).inpaint(asked)
    expected = torch.nn.functional.avg_pool2d(restored(asked.images, scale=2), 2)
    torch.testing.assert_close(made, expected, atol=1e-6, rtol=0)


def test_picture_does_not_depend_on_its_batch(save):
    restorer = SpandrelRestorer(save(), working_size=32)
    assert torch.equal(restorer.inpaint(request())[:1], restorer.inpaint(request(count=1)))


def test_input_is_not_changed(save):
    asked = request()
    before = asked.images.clone()
    SpandrelRestorer(save(), working_size=32).inpaint(asked)
    assert torch.equal(asked.images, before)


def test_each_picture_is_told_as_a_step(save):
    heard = []
    SpandrelRestorer(save(), working_size=32).inpaint(request(), on_step=lambda *step: heard.append(step))
    assert heard == [(1, 2), (2, 2)]


@pytest.mark.parametrize("size", [(40, 70), (20, 24)])
def test_mild_pass_of_stage_2_restores_a_picture_of_any_size(size, save):
    pixels = torch.rand(1, 3, *size)
    restorer = SpandrelRestorer(save(), working_size=32)
    made = stage2(restorer, pixels, "a cat", (), strength=0.1, plan=StagePlan(steps=4, seed=0))
    assert made.shape == pixels.shape
    assert not torch.equal(made, pixels)


def test_nan_of_the_network_is_refused(tmp_path):
    state = network().state_dict()
    state["body.0.bias"].fill_(torch.nan)
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(RefineError, match="not numbers"):
        SpandrelRestorer(tmp_path / "model.safetensors", working_size=32).inpaint(request())


def test_half_precision_is_taken_where_the_network_is_made_for_it(save):
    restorer = SpandrelRestorer(save(), dtype="bfloat16", working_size=32)
    assert restorer._model.dtype == torch.bfloat16
    assert restorer.inpaint(request()).dtype == torch.float32


def test_network_not_made_for_half_precision_stays_in_float32(save, monkeypatch):
    load = spandrel.ModelLoader.load_from_state_dict

    def load_another_kind(loader, state):
        model = load(loader, state)
        model.supports_bfloat16 = False
        return model

    monkeypatch.setattr(spandrel.ModelLoader, "load_from_state_dict", load_another_kind)
    assert SpandrelRestorer(save(), dtype="bfloat16")._model.dtype == torch.float32


def test_file_that_runs_code_is_refused(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"weight": print}, path)
    with pytest.raises(WeightsError, match="damaged or holds more than tensors"):
        SpandrelRestorer(path)


def test_unknown_network_is_refused(tmp_path):
    save_file({"some.weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="no restoration model that spandrel knows"):
        SpandrelRestorer(tmp_path / "model.safetensors")


def test_network_of_gray_pictures_is_refused(save):
    with pytest.raises(InputError, match="turns 1 channels into 1"):
        SpandrelRestorer(save(channels=1))


def test_network_that_fills_holes_is_refused(save, monkeypatch):
    filler = SimpleNamespace(architecture=SimpleNamespace(name="LaMa"))
    monkeypatch.setattr(spandrel.ModelLoader, "load_from_state_dict", lambda *_: filler)
    with pytest.raises(InputError, match=r"\(LaMa\) fills holes"):
        SpandrelRestorer(save())


def test_file_that_is_absent_or_of_another_ending_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="is missing"):
        SpandrelRestorer(tmp_path / "absent.pth")
    with pytest.raises(InputError, match=r"ending in \.safetensors"):
        SpandrelRestorer(tmp_path / "model.onnx")


def test_working_size_must_be_positive(save):
    with pytest.raises(InputError, match="`working_size`"):
        SpandrelRestorer(save(), working_size=0)
