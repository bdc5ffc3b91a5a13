from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from grefine_core import InputError, WeightsError
from pqmap import FACTORS, TextPairs, import_pairs
from pqmap.import_pairs import OFFICIAL_NAMES, import_official, read_official

Parts = dict[str, Tensor]


def parts(index: int) -> Parts:
    """Return the parts of one factor, of width 3; each value tells its factor, part and position."""
    number = lambda part, n: (100 * index + 1000 * part + torch.arange(2.0 * n)).reshape(2, n, 1).expand(2, n, 3)  # noqa: E731
    return {"token_prefix": number(1, 1).clone(), "ctx": number(2, 16).clone(), "token_suffix": number(3, 60).clone()}


def save_pickle(path: Path, content: Parts, **more: Any) -> Path:
    params = OrderedDict((f"prompt_learner.{name}", tensor) for name, tensor in content.items())
    params._metadata = {"": 1, "prompt_learner": 1}  # as a module's state has it
    torch.save({"params": params, **more}, path)
    return path


@pytest.fixture
def pickles(tmp_path: Path) -> list[Path]:
    return [save_pickle(tmp_path / f"PQ-{name}.pth", parts(index)) for index, name in enumerate(OFFICIAL_NAMES)]


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    tensors = {f"{n}.{key}": value for i, n in enumerate(OFFICIAL_NAMES) for key, value in parts(i).items()}
    save_file(tensors, tmp_path / "all.safetensors")
    return tmp_path / "all.safetensors"


def test_context_stands_around_the_class_name(pickles: list[Path]) -> None:
    embeddings, eot = read_official(pickles)
    assert (embeddings.shape, embeddings.dtype) == ((4, 2, 77, 3), torch.float32)
    assert torch.equal(eot, torch.full((4, 2), 20))
    for index in range(4):
        prefix, ctx, suffix = parts(index).values()
        sequence = embeddings[index]
        assert torch.equal(sequence[:, :1], prefix)
        assert torch.equal(sequence[:, 1:9], ctx[:, :8])
        assert torch.equal(sequence[:, 9:12], suffix[:, :3])
        assert torch.equal(sequence[:, 12:20], ctx[:, 8:])
        assert torch.equal(sequence[:, 20:], suffix[:, 3:])


def test_order_of_the_files_makes_no_difference(pickles: list[Path]) -> None:
    assert torch.equal(read_official(pickles)[0], read_official(pickles[::-1])[0])


def test_safetensors_and_pickles_give_the_same(pickles: list[Path], converted: Path) -> None:
    assert torch.equal(read_official([converted])[0], read_official(pickles)[0])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_files_are_refused(count: int, pickles: list[Path]) -> None:
    with pytest.raises(InputError, match=r"the four files PQ-overall\.pth, .* got "):
        read_official(pickles[:count])


def test_one_factor_twice_is_refused(pickles: list[Path]) -> None:
    with pytest.raises(InputError, match="the four files"):
        read_official([*pickles[:3], pickles[2]])


class Harmful:
    """Its pickle runs code when it is loaded without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.trace,)


def test_pickle_with_code_is_refused_and_not_run(pickles: list[Path], tmp_path: Path) -> None:
    save_pickle(pickles[1], parts(1), extra=Harmful(tmp_path / "trace"))
    with pytest.raises(
        WeightsError, match=r"PQ-technical\.pth is damaged or holds more than tensors, so it is not"
    ) as e:
        read_official(pickles)
    assert "\n" not in str(e.value)
    assert not (tmp_path / "trace").exists()


def changed(name: str, value: Any) -> Parts:
    return {**parts(1), name: value}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("ctx", torch.zeros(2, 8, 3)), r"`ctx` must have shape \(2, 16, 3\), got \(2, 8, 3\)"),
        (changed("token_prefix", torch.zeros(2, 1, 4)), r"`token_prefix` must have shape \(2, 1, 3\), got \(2, 1, 4\)"),
        (changed("ctx", torch.full((2, 16, 3), float("nan"))), "`ctx` holds a value that is not finite"),
        (changed("ctx", torch.zeros(2, 16, 3, dtype=torch.int64)), "`ctx` is no floating tensor"),
        (changed("ctx", 3), "`ctx` is no floating tensor"),
        (changed("bias", torch.zeros(1)), "does not hold the three tensors of a prompt learner and nothing else"),
    ],
)
def test_pickle_of_other_content_is_refused(content: Parts, message: str, pickles: list[Path]) -> None:
    save_pickle(pickles[1], content)
    with pytest.raises(WeightsError, match=rf"PQ-technical\.pth.*{message}"):
        read_official(pickles)


@pytest.mark.parametrize("content", [b"", b"no file of torch"])
def test_broken_pickle_is_named(content: bytes, pickles: list[Path]) -> None:
    pickles[3].write_bytes(content)
    with pytest.raises(WeightsError, match=r"PQ-natural\.pth (cannot be read|is damaged)"):
        read_official(pickles)


def test_missing_file_is_named(pickles: list[Path]) -> None:
    pickles[0].unlink()
    with pytest.raises(WeightsError, match=r"PQ-overall\.pth is missing"):
        read_official(pickles)


def test_widths_that_differ_are_refused(pickles: list[Path]) -> None:
    save_pickle(pickles[2], {name: tensor.repeat(1, 1, 2) for name, tensor in parts(2).items()})
    with pytest.raises(WeightsError, match="differ in width"):
        read_official(pickles)


def test_safetensors_of_other_keys_is_refused(converted: Path) -> None:
    tensors = load_file(converted)
    tensors["another.ctx"] = tensors.pop("rational.ctx")
    save_file(tensors, converted)
    with pytest.raises(WeightsError, match=r"all\.safetensors does not hold the authors' pairs: `another\.ctx`"):
        read_official([converted])


def test_released_pairs_are_read_bit_for_bit(data_folder: Path) -> None:
    path = data_folder / "oracle/official-pq/pq-embeddings.safetensors"
    embeddings, eot = read_official([path])
    tensors = load_file(path)
    assert embeddings.shape == (4, 2, 77, 512)
    assert torch.equal(embeddings[2, :, 12:20], tensors["rational.ctx"][:, 8:])
    assert torch.equal(embeddings[3, 0, 20], tensors["natural.token_suffix"][0, 3])
    assert eot.unique().tolist() == [20]


@pytest.fixture
def fitting(make_encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let every preset load an encoder that takes 77 tokens of width 3."""
    encoder = make_encoder()
    monkeypatch.setattr(encoder, "context_length", 77, raising=False)
    monkeypatch.setattr(encoder, "embed_tokens", lambda texts: torch.zeros(len(texts), 77, 3))
    monkeypatch.setattr(import_pairs, "load_encoder", lambda *_, **__: encoder)
    return encoder


def test_imported_pairs_are_a_pairs_file_for_the_encoder(pickles: list[Path], fitting: Any, tmp_path: Path) -> None:
    import_official(pickles, tmp_path / "pairs.safetensors", preset="tiny", temperature=2.5)
    found = TextPairs.load(tmp_path / "pairs.safetensors", encoder=fitting)
    assert (found.names, found.temperature) == (FACTORS, 2.5)
    assert torch.equal(found.embeddings, read_official(pickles)[0])
    assert import_official(pickles, tmp_path / "b.safetensors", preset="tiny").temperature == fitting.alignment_scale


def test_encoder_of_other_texts_is_refused(
    pickles: list[Path], encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_pairs, "load_encoder", lambda *_, **__: encoder)
    with pytest.raises(InputError, match="77 tokens of width 3; the encoder `tiny-1` takes 8 of width 12"):
        import_official(pickles, tmp_path / "pairs.safetensors", preset="tiny")
    assert not (tmp_path / "pairs.safetensors").exists()


def test_output_of_another_kind_is_refused(pickles: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"written as \.safetensors, got the name pairs\.pth"):
        import_official(pickles, tmp_path / "pairs.pth", preset="tiny")
