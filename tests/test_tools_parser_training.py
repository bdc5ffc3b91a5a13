"""The loop that trains the parser, its quick model and the files of a pack, on models of a few weights."""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import torch

from tools.parser.fragments import noun_phrases
from tools.parser.packing import shrink
from tools.parser.training import Run, Schedule, batches
from tools.parser.treebank import Sentence, parse_conllu, without_final_stop
from tools.parser.vectors import load_vectors, pretrain, write_vectors

CONLLU = """1	Two	two	NUM	CD	_	2	nummod	_	_
2	cats	cat	NOUN	NNS	_	3	nsubj	_	_
3	see	see	VERB	VBP	_	0	root	_	_
4	the	the	DET	DT	_	6	det	_	_
5	red	red	ADJ	JJ	_	6	amod	_	_
6	car	car	NOUN	NN	_	3	obj	_	SpaceAfter=No
7	.	.	PUNCT	.	_	3	punct	_	_
"""


@pytest.fixture
def sentence() -> Sentence:
    return parse_conllu(CONLLU)[0]


def test_rate_rises_stays_and_falls_to_zero():
    schedule = Schedule(steps=100, fall=50, warm_up=10, rate=1.0)
    rates = [schedule.rate_at(step) for step in (0, 9, 30, 50, 75, 99)]
    assert rates == pytest.approx([0.1, 1, 1, 1, 0.5, 0.02])


def test_batches_hold_every_sentence_once_and_no_more_words_than_allowed():
    lengths = [1 + place % 13 for place in range(200)]
    parts = batches(lengths, 40, Random(0))
    assert sorted(place for part in parts for place in part) == list(range(200))
    assert max(sum(lengths[place] for place in part) for part in parts) <= 40


class LineTask:
    """A model of one weight whose trainer looks like stanza's."""

    def __init__(self) -> None:
        model = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(model.weight)
        self.optimizers = {"all": torch.optim.Adam(model.parameters(), betas=(0.9, 0.95))}
        self.trainer = SimpleNamespace(model=model, update=self.update, save=self.save)

    def update(self, batch: list[int]) -> float:
        loss = (self.trainer.model(torch.ones(1)) - sum(batch) - torch.rand(1)).square().sum()
        self.optimizers["all"].zero_grad()
        loss.backward()
        self.optimizers["all"].step()
        return loss.item()

    def save(self, name: str) -> None:
        torch.save(self.trainer.model.state_dict(), name)

    def lengths(self, epoch: int) -> list[int]:
        return [1, 2, 3, 4 + epoch % 2]

    def batch(self, epoch: int, places: list[int]) -> list[int]:
        return [epoch, *places]

    def score(self) -> float:
        return self.trainer.model.weight.item()


def trained(folder: Path, name: str) -> float:
    return torch.load(folder / name, weights_only=True)["weight"].item()


def test_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.parser.training.CHECKPOINT_SECONDS", -1)  # after every step
    schedule = Schedule(steps=20, fall=10, warm_up=3, rate=0.1, words=5, score_steps=7)
    Run(LineTask(), schedule, tmp_path / "whole", 5).train()
    stopped = LineTask()
    update = stopped.trainer.update
    calls = iter(range(8))
    stopped.trainer.update = lambda batch: update(batch) if next(calls) < 7 else 1 / 0
    with pytest.raises(ZeroDivisionError):
        Run(stopped, schedule, tmp_path / "parts", 5).train()
    Run(LineTask(), schedule, tmp_path / "parts", 5).train()
    for name in ("last.pt", "average.pt"):
        assert trained(tmp_path / "parts", name) == trained(tmp_path / "whole", name)


def test_averaged_weights_are_kept_beside_the_last(tmp_path):
    schedule = Schedule(steps=20, fall=10, warm_up=3, rate=0.1, words=5)
    Run(LineTask(), schedule, tmp_path, 5).train()
    assert 0 < trained(tmp_path, "average.pt") < trained(tmp_path, "last.pt")
    assert (tmp_path / "best.txt").read_text(encoding="utf-8") == "last\n"  # the larger weight scores higher


def test_vectors_of_a_pack_are_those_that_were_written(tmp_path):
    rows = torch.arange(6.0).reshape(3, 2)
    write_vectors(tmp_path, ["a", "naïve", "b"], rows)
    loaded, made = load_vectors(tmp_path), pretrain(["a", "naïve", "b"], rows)
    assert torch.equal(loaded.emb, made.emb)
    assert torch.equal(loaded.emb[loaded.vocab["naïve"]], rows[1])
    assert loaded.emb.dtype == torch.float32


def test_quick_parser_has_the_loss_and_gradients_of_the_stock_one(sentence):
    from stanza.models import parser
    from stanza.models.depparse.data import DataLoader, Dataset
    from stanza.models.depparse.trainer import GraphTrainer, unpack_batch

    from tools.parser.models import PARSER
    from tools.parser.quick import QuickTrainer
    from tools.parser.rows import Rows

    small = "--hidden_dim 8 --deep_biaff_hidden_dim 6 --char_hidden_dim 5 --dropout 0 --word_dropout 0 --word_cutoff 1"
    args = parser.parse_args([*PARSER.split(), *small.split(), "--no_pretrain"])
    sentences = [sentence, *noun_phrases(sentence), without_final_stop(sentence)]
    data = Dataset(Rows(sentences), args, None, evaluation=False)
    inputs, _, *rest = unpack_batch(DataLoader.collate([data[place] for place in range(3)]), "cpu")
    stock = GraphTrainer(args=args, vocab=data.vocab, device="cpu").model
    for weights in stock.parameters():
        torch.nn.init.normal_(weights, std=0.3)  # stock scorers start as zeros, which would hide a mistake
    quick = QuickTrainer(args=args, vocab=data.vocab, device="cpu").model
    quick.load_state_dict(stock.state_dict())
    losses = [model.train().loss(*inputs, *rest)[0] for model in (stock, quick)]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-5)
    for loss in losses:
        loss.backward()
    for one, other in zip(stock.parameters(), quick.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


def test_shrunk_checkpoint_is_half_as_precise_and_names_no_places(tmp_path):
    content = {
        "model": {"weight": torch.tensor([1.0, 0.1]), "count": torch.tensor([3])},
        "config": {"save_dir": "/home/me/run", "wordvec_pretrain_file": "/home/me/a.pt", "lang": "en", "charlm": False},
        "optimizer_state_dict": {},
    }
    torch.save(content, tmp_path / "a.pt")
    shrink(tmp_path / "a.pt", tmp_path / "b.pt")
    small = torch.load(tmp_path / "b.pt", weights_only=True)
    assert small["model"]["weight"].dtype == torch.float16
    assert small["model"]["count"].dtype == torch.int64
    assert small["config"] == {"save_dir": None, "wordvec_pretrain_file": None, "lang": "en", "charlm": False}
    assert "optimizer_state_dict" not in small
