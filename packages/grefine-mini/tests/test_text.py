"""MiniLM as a text tower and as a condition."""

from __future__ import annotations

import pytest
import torch

from grefine_core import Emphasis, WeightsError, WeightsFile
from grefine_mini.files import text_files
from grefine_mini.text import CONDITION_TOKENS, MiniText


@pytest.fixture(scope="module")
def text() -> MiniText:
    return MiniText.load()


def test_near_texts_are_nearer_than_far_ones(text: MiniText) -> None:
    cat, kitten, bicycle = text.sentences(["a cat", "a kitten", "a bicycle"])
    assert cat @ kitten > cat @ bicycle + 0.2


def test_padding_does_not_change_a_sentence(text: MiniText) -> None:
    alone = text.sentences(["a cat"])[0]
    padded = text.sentences(["a cat", "a very long sentence about an altogether different thing"])[0]
    assert (alone - padded).abs().max() < 1e-5


def test_sentences_keep_their_order_whatever_their_lengths(text: MiniText) -> None:
    texts = ["a cat on a mat in front of a small house with a red door", "cat", "", "a red cat asleep on a mat", "dog"]
    alone = torch.cat([text.sentences([one]) for one in texts])
    assert torch.allclose(text.sentences(texts), alone, atol=1e-6)


def test_pool_of_embedded_tokens_is_the_sentence(text: MiniText) -> None:
    words = ["a red bicycle", "sky"]
    eot = torch.tensor(text.token_counts(words)) - 1
    assert (text.pool(text.embed_tokens(words), eot) - text.sentences(words)).abs().max() < 1e-6


def test_emphasis_moves_only_its_own_tokens_away_from_the_empty_text(text: MiniText) -> None:
    prompt = "a red cat"
    plain = text.condition(prompt)
    strong = text.condition(prompt, [Emphasis(text="red", start=2, end=5, weight=1.1)])
    empty = text.token_states([""])[:, :1]
    assert plain.shape == (1, CONDITION_TOKENS, 384)
    assert (strong - plain).abs().sum(-1).nonzero()[:, 1].tolist() == [2]  # start, a, red, cat, end
    assert torch.allclose(strong[:, 2] - empty[:, 0], 1.1 * (plain[:, 2] - empty[:, 0]), atol=1e-5)


def test_altered_file_is_refused_with_both_digests(tmp_path) -> None:
    broken = tmp_path / "config.json"
    broken.write_text("{}")
    files = text_files() | {"config": WeightsFile(broken, "0" * 64)}
    with pytest.raises(WeightsError, match=f"config.json has sha256 [0-9a-f]{{64}}, expected {'0' * 64}"):
        MiniText.load(files=files)
