from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.latents import LatentModel

diffusers = pytest.importorskip("diffusers")
XL = "StableDiffusionXLInpaintPipeline"


@pytest.fixture
def images():
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(2))


def test_encoding_is_the_scaled_mode_of_the_posterior(make_pipe, images):
    pipe = make_pipe(XL)
    latents = LatentModel(pipe).encode(images)
    expected = pipe.vae.encode(images * 2 - 1).latent_dist.mean * pipe.vae.config.scaling_factor
    torch.testing.assert_close(latents, expected, atol=1e-5, rtol=0)
    assert latents.shape == (2, 4, 4, 6)


def test_decoding_inverts_the_scale(make_pipe, images):
    pipe = make_pipe(XL)
    model = LatentModel(pipe)
    expected = pipe.vae.decode(pipe.vae.encode(images * 2 - 1).latent_dist.mean).sample / 2 + 0.5
    torch.testing.assert_close(model.decode(model.encode(images)), expected, atol=1e-5, rtol=0)


def test_means_and_deviations_of_the_vae_are_used(make_pipe, images):
    pipe = make_pipe(XL)
    plain = LatentModel(pipe).encode(images)
    original = LatentModel(pipe).decode(plain)
    pipe.vae.register_to_config(latents_mean=[0.5, 0, 0, 0], latents_std=[1.0, 2, 1, 1])
    model = LatentModel(pipe)
    latents, scale = model.encode(images), pipe.vae.config.scaling_factor
    torch.testing.assert_close(latents[:, 0], plain[:, 0] - 0.5 * scale, atol=1e-5, rtol=0)
    torch.testing.assert_close(latents[:, 1], plain[:, 1] / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(model.decode(latents), original, atol=1e-4, rtol=0)


def test_vae_without_a_posterior_is_used_as_it_is(make_pipe, images):
    pipe = make_pipe(XL)
    pipe.vae = diffusers.AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        num_encoder_blocks=(1,) * 4,
        num_decoder_blocks=(1,) * 4,
    ).eval()
    model = LatentModel(pipe)
    latents = model.encode(images)
    with torch.no_grad():
        torch.testing.assert_close(latents, pipe.vae.encode(images * 2 - 1).latents)
    assert model.decode(latents).shape == images.shape


def lose_half(_, __, output):
    """A hook: overflow in half precision."""
    return output * torch.nan if output.dtype == torch.float16 else output


def test_encoding_that_overflows_in_half_precision_is_repeated_in_float32(make_pipe, images):
    pipe = make_pipe(XL)
    pipe.vae.half()
    pipe.vae.encoder.register_forward_hook(lose_half)
    assert torch.isfinite(LatentModel(pipe).encode(images)).all()
    assert pipe.vae.dtype == torch.float16


def test_vae_that_must_be_upcast_is_never_run_in_float16(make_pipe, images):
    pipe, seen = make_pipe(XL), []
    pipe.vae.half().register_to_config(force_upcast=True)
    for side in (pipe.vae.encoder, pipe.vae.decoder):
        side.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    model = LatentModel(pipe)
    model.decode(model.encode(images))
    assert set(seen) == {torch.float32}
    assert {tensor.dtype for tensor in pipe.vae.parameters()} == {torch.float16}


def test_each_tensor_of_the_vae_gets_its_own_precision_back(make_pipe, images):
    pipe = make_pipe(XL)
    pipe.vae.half()
    pipe.vae.post_quant_conv.float()
    before = {name: (tensor.dtype, tensor.clone()) for name, tensor in pipe.vae.state_dict().items()}
    model = LatentModel(pipe)
    model.decode(torch.zeros(1, 4, 4, 4), upcast=True)
    after = pipe.vae.state_dict()
    assert all(
        after[name].dtype == dtype and torch.equal(after[name], value) for name, (dtype, value) in before.items()
    )


def test_pictures_go_through_the_vae_one_by_one(make_pipe, images):
    pipe, seen = make_pipe(XL), []
    for side in (pipe.vae.encoder, pipe.vae.decoder):
        side.register_forward_hook(lambda _, __, output: seen.append(len(output)))
    model = LatentModel(pipe)
    model.decode(model.encode(images))
    assert seen == [1, 1, 1, 1]
