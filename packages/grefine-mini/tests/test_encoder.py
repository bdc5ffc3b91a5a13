"""The `mini` encoder keeps the protocol, and knows real photographs."""

from __future__ import annotations

import pytest
import torch

from grefine_core import Encoder, from_pil, load_encoder
from grefine_mini.heads import DIMENSIONS


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("mini", device="cpu")


def test_encoder_keeps_the_protocol(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)


@pytest.mark.parametrize(("height", "width", "grid"), [(448, 448, (28, 28)), (200, 400, (14, 28)), (1, 1, (28, 28))])
def test_features_are_unit_vectors_on_a_grid_of_the_aspect(encoder, height, width, grid) -> None:
    features = encoder.encode_image(torch.rand(1, 3, height, width))
    assert features.global_.shape == (1, DIMENSIONS)
    assert features.patches.shape == (1, *grid, DIMENSIONS)
    assert (features.tokens().norm(dim=-1) - 1).abs().max() < 1e-5


def test_batch_equals_singles(encoder: Encoder) -> None:
    pixels = torch.rand(2, 3, 64, 96)
    together = encoder.encode_image(pixels).tokens()
    alone = torch.cat([encoder.encode_image(p[None]).tokens() for p in pixels])
    assert (together - alone).abs().max() < 1e-5


def test_empty_text_is_equally_like_every_picture(encoder: Encoder) -> None:
    empty = encoder.encode_text(["", "  "])
    tokens = encoder.encode_image(torch.rand(1, 3, 96, 96)).tokens()
    similarity = tokens @ empty.T
    assert similarity.std() < 1e-6
    assert similarity.mean() > 0


def test_token_embeddings_of_a_text_give_its_feature(encoder: Encoder) -> None:
    words = ["a cat", "a red bicycle"]
    eot = torch.tensor(encoder.token_counts(words)) - 1
    through = encoder.encode_token_embeddings(encoder.embed_tokens(words), eot)
    assert (through - encoder.encode_text(words)).abs().max() < 1e-5


def test_gradient_reaches_token_embeddings(encoder: Encoder) -> None:
    embeddings = encoder.embed_tokens(["good"]).clone().requires_grad_()
    eot = torch.tensor(encoder.token_counts(["good"])) - 1
    encoder.encode_token_embeddings(embeddings, eot).sum().backward()
    assert embeddings.grad is not None
    assert embeddings.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("picture", "noun", "wrong"),
    [
        ("chelsea", "cat", ["bicycle", "rocket", "cup", "car"]),
        ("coffee", "espresso", ["cat", "bicycle", "rocket", "car"]),
        ("rocket", "rocket", ["cat", "bicycle", "cup", "dog"]),
    ],
)
def test_right_noun_ranks_above_four_wrong_ones(encoder, picture, noun, wrong) -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image, whose photographs this uses, is not installed")
    from PIL import Image

    pixels = from_pil(Image.fromarray(getattr(data, picture)())).pixels
    scores = encoder.encode_text([noun, *wrong]) @ encoder.encode_image(pixels).global_[0]
    assert int(scores.argmax()) == 0
