from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from grefine_core import InputError

open_clip = pytest.importorskip("open_clip", reason="needs the extra `clip`")

from grefine_core.clip.models import make_tokenizer  # noqa: E402 - only where the extra is installed
from grefine_core.clip.text import TextTower  # noqa: E402

TEXTS = ["a cat", "", "two red dogs, one of them asleep"]


def tower_of(model) -> TextTower:
    return TextTower(model.requires_grad_(False), make_tokenizer({"context_length": 12}))


@pytest.fixture
def tower(tiny_clip) -> TextTower:
    return tower_of(tiny_clip())


def whole(tower: TextTower, texts: list[str]) -> torch.Tensor:
    """Return the features as open_clip computes them, over the whole context."""
    return tower._model.encode_text(tower._tokenizer(texts))


def test_features_are_those_of_open_clip_though_only_the_needed_positions_run(tower) -> None:
    torch.testing.assert_close(tower.encode(TEXTS), whole(tower, TEXTS), atol=1e-5, rtol=0)


def test_token_embeddings_lead_to_the_same_features(tower) -> None:
    ends = torch.tensor(tower.token_counts(TEXTS)) - 1
    embeddings = tower.embed(TEXTS)
    assert embeddings.shape == (3, 10, 64)
    torch.testing.assert_close(tower.features(embeddings, ends), whole(tower, TEXTS), atol=1e-5, rtol=0)


def test_what_stands_behind_the_ends_counts_for_nothing(tower) -> None:
    ends = torch.tensor(tower.token_counts(TEXTS)) - 1
    embeddings = tower.embed(TEXTS)
    longer = functional.pad(embeddings, (0, 0, 0, 2), value=9.0)
    longer[0, ends[0] + 1 :] = -7.0
    torch.testing.assert_close(tower.features(longer, ends), tower.features(embeddings, ends), atol=1e-5, rtol=0)


def test_token_embeddings_are_zero_behind_each_end(tower) -> None:
    embeddings, counts = tower.embed(TEXTS), tower.token_counts(TEXTS)
    for row, count in zip(embeddings, counts, strict=True):
        assert row[count:].abs().sum() == 0
        assert (row[:count].abs().sum(dim=-1) > 0).all()


def test_gradients_reach_the_token_embeddings(tower) -> None:
    embeddings = tower.embed(["a cat"]).requires_grad_()
    tower.features(embeddings, torch.tensor([3])).sum().backward()
    assert embeddings.grad is not None
    assert (embeddings.grad.abs().sum(dim=-1) > 0).all()


def test_tokens_are_counted_with_start_and_end_however_many(tower) -> None:
    assert tower.token_counts(["a cat", "", "a " * 40]) == [4, 2, 42]


def test_longest_text_is_taken_and_a_longer_one_refused(tower) -> None:
    assert tower.encode(["a " * 10]).shape == (1, 16)
    with pytest.raises(InputError, match="A text has 13 tokens, the model takes 12"):
        tower.encode(["a " * 11])
    with pytest.raises(InputError, match="A text has 13 tokens"):
        tower.embed(["a " * 11])


@pytest.mark.parametrize("texts", [[], "a cat"])
def test_anything_but_a_list_of_texts_is_refused(tower, texts) -> None:
    with pytest.raises(InputError, match="list of at least one text"):
        tower.encode(texts)


@pytest.mark.parametrize(
    ("shape", "eot", "message"),
    [
        ((4, 64), [1], r"`embeddings` must have shape \(T, L, 64\), got \(4, 64\)"),
        ((1, 4, 63), [1], r"got \(1, 4, 63\)"),
        ((1, 4, 64), [1, 2], r"`eot` must have shape \(1,\), got \(2,\)"),
        ((1, 4, 64), [4], "`eot` must lie in 0 to 3, got 4 to 4"),
        ((1, 40, 64), [12], "`eot` must lie in 0 to 11"),
        ((1, 4, 64), [-1], "`eot` must lie in 0 to 3"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(tower, shape, eot, message) -> None:
    with pytest.raises(InputError, match=message):
        tower.features(torch.zeros(shape), torch.tensor(eot))


def test_many_texts_run_in_parts(tower, monkeypatch) -> None:
    monkeypatch.setattr("grefine_core.clip.text._CHUNK", 2)
    torch.testing.assert_close(tower.encode(TEXTS), whole(tower, TEXTS), atol=1e-5, rtol=0)


@pytest.mark.parametrize("text", [{}, {"proj_bias": True}])
def test_custom_text_models_are_read_alike(tiny_clip, text) -> None:
    tower = tower_of(tiny_clip(custom_text=True, text=text))
    ends = torch.tensor(tower.token_counts(TEXTS)) - 1
    torch.testing.assert_close(tower.features(tower.embed(TEXTS), ends), whole(tower, TEXTS), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ({"pool_type": "last"}, "this one pools by `last`"),
        ({"no_causal_mask": True}, "this one sees all tokens at once"),
        ({"embed_cls": True}, "this one reads a class token"),
    ],
)
def test_towers_that_are_read_elsewhere_encode_texts_only(tiny_clip, text, reason) -> None:
    tower = tower_of(tiny_clip(custom_text=True, text=text))
    torch.testing.assert_close(tower.encode(TEXTS), whole(tower, TEXTS), atol=1e-5, rtol=0)
    with pytest.raises(InputError, match=f"Token embeddings need a causal text tower.*{reason}"):
        tower.embed(TEXTS)
    with pytest.raises(InputError, match=reason):
        tower.features(torch.zeros(1, 4, 64), torch.tensor([1]))


def test_towers_of_transformers_encode_texts_only() -> None:
    class Words:
        context_length = 5
        tokenizer = staticmethod(lambda texts: {"input_ids": [[0, *text.encode(), 1] for text in texts]})

        def __call__(self, texts: list[str]) -> torch.Tensor:
            return torch.zeros(len(texts), 5, dtype=torch.long)

    weight = torch.nn.Parameter(torch.zeros(1))
    model = SimpleNamespace(
        text=SimpleNamespace(), encode_text=lambda ids: ids[:, :2].half(), parameters=lambda: iter([weight])
    )
    tower = TextTower(model, Words())
    assert tower.token_counts(["ab", ""]) == [4, 2]
    assert tower.encode(["ab"]).dtype == torch.float32
    with pytest.raises(InputError, match="has none of open_clip's own"):
        tower.embed(["ab"])
