"""Stanza pipelines behind the Parser protocol: the one file that imports stanza.

Nothing is downloaded unless `load_language` is told to: stanza's look at its server is turned off.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqmap.parsing.tree import Token, Tree
from grefine_core import InputError, ParserPack, WeightsError
from grefine_core.downloads import first_line
from grefine_core.weights import load_tensors, unpinned

if TYPE_CHECKING:
    import numpy as np
    import stanza
    from numpy.typing import NDArray

_OWN = ("tokenize", "pos", "depparse")
_STANZAS = (*_OWN, "lemma")
"""Stanza's parsers have learnt from lemmas, ours without."""
_RESERVED_ROWS = 4
"""Of the vectors: padding, unknown, empty and root."""

_patching = threading.Lock()


class StanzaParser:
    """Parse segments with a pipeline, on the CPU."""

    def __init__(self, pipeline: stanza.Pipeline, *, name: str) -> None:
        """Take a pipeline that gives one sentence a segment, as `load_pack` and `load_language` make it."""
        self._pipeline, self._name = pipeline, name

    @property
    def name(self) -> str:
        """The pack or models that were loaded."""
        return self._name

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, all in one pass; a blank segment has an empty one.

        Time and memory grow with the square of the longest one: `GuardedParser` sets limits.
        """
        from stanza import Document

        documents = [Document([], text=text) for text in segments if text.strip()]
        with warnings.catch_warnings():
            # its search for a better tree gives up on some sentences, and a user can do nothing about that
            warnings.filterwarnings("ignore", category=UserWarning, module=r"stanza\.")
            parsed = iter(self._pipeline.bulk_process(documents) if documents else ())
        return [_tree(next(parsed)) if text.strip() else Tree(()) for text in segments]


def load_pack(pack: ParserPack) -> StanzaParser:
    """Load the models of a pack.

    Raises:
        WeightsError: If a file is absent or no stanza model.
    """
    files = (pack.folder / "resources.json", pack.tokenizer, pack.tagger, pack.parser, pack.vectors, pack.words)
    for path in files:
        if path is not None and not path.is_file():
            raise WeightsError(f"Parser file {path} is missing; reinstall the package that brings it.")
    try:
        with _without_optimizers():
            return StanzaParser(_load_pack(pack), name=pack.name)
    except WeightsError:
        raise
    except Exception as error:  # torch, pickle and stanza each have errors of their own for a broken file
        raise WeightsError(f"The parser in {pack.folder} cannot be loaded: {first_line(error)}.") from error


def _load_pack(pack: ParserPack) -> stanza.Pipeline:
    from stanza.models.common.foundation_cache import FoundationCache

    cache = FoundationCache(local_files_only=True)
    cache.pretrains[str(pack.vectors)] = _load_vectors(pack)
    return _load(
        pack.language,
        dir=str(pack.folder),
        package=None,
        processors=",".join(_OWN),
        download_method=None,
        allow_unknown_language=True,
        foundation_cache=cache,
        tokenize_model_path=str(pack.tokenizer),
        pos_model_path=str(pack.tagger),
        pos_pretrain_path=str(pack.vectors),
        depparse_model_path=str(pack.parser),
        depparse_pretrain_path=str(pack.vectors),
        depparse_pretagged=True,  # or it asks for a lemmatizer
    )


def _load_vectors(pack: ParserPack) -> Any:
    """Return the word vectors as stanza has them: float32, which is what its models can mix with their own."""
    import torch
    from stanza.models.common.pretrain import Pretrain, PretrainedWordVocab

    if pack.words is None:
        vectors = Pretrain(str(pack.vectors))
        vectors.load()
        vectors._emb = vectors._emb.float()
        return vectors
    words = pack.words.read_text(encoding="utf-8").splitlines()
    rows = load_tensors(unpinned(pack.vectors))["vectors"].float()
    if len(rows) != len(words):
        raise WeightsError(f"{pack.words} has {len(words)} words, but {pack.vectors} has {len(rows)} vectors.")
    vectors = Pretrain()
    vectors._vocab = PretrainedWordVocab(words)
    vectors._emb = torch.cat([torch.zeros(_RESERVED_ROWS, rows.shape[1]), rows])
    return vectors


def resources_version() -> str:
    """Return which of stanza's models suit the installed library."""
    import stanza

    version: str = stanza.__resources_version__
    return version


def load_language(language: str, package: str, *, folder: Path, download: bool, name: str) -> StanzaParser:
    """Load stanza's own models of a language from a folder.

    Args:
        language: As stanza names it, such as `en` or `zh-hans`.
        package: As stanza names it, such as `default` or `gum`.
        folder: Holds `resources.json` and a folder a language.
        download: Whether to bring what is absent into the folder; else the network is left alone.
        name: Of the parser.

    Raises:
        InputError: If the package has no parser.
        Exception: What stanza raises where a file is absent or damaged, or a download fails.
    """
    from stanza.pipeline.core import DownloadMethod

    pipeline = _load(
        language,
        dir=str(folder),
        package=package,
        processors=",".join(_STANZAS),
        download_method=DownloadMethod.REUSE_RESOURCES if download else None,
    )
    absent = [processor for processor in _OWN if processor not in pipeline.processors]
    if absent:
        raise InputError(f"Stanza's package `{package}` of `{language}` has no {' and no '.join(absent)}.")
    return StanzaParser(pipeline, name=name)


def _load(language: str, **options: Any) -> stanza.Pipeline:
    import stanza

    _try_best_heads_first()
    return stanza.Pipeline(language, use_gpu=False, logging_level="ERROR", tokenize_no_ssplit=True, **options)


@contextmanager
def _without_optimizers() -> Iterator[None]:
    """Keep stanza from making the optimizers of training with its models.

    The first optimizer of a process imports torch's compiler, which takes longer than all the rest.
    """
    from stanza.models.common import utils

    stand_ins: dict[str, Callable[..., object]] = {
        "get_optimizer": lambda *_, **__: None,
        "get_split_optimizer": lambda *_, **__: {},
    }
    with _patching:
        originals = {name: getattr(utils, name) for name in stand_ins if hasattr(utils, name)}
        try:
            for name in originals:
                setattr(utils, name, stand_ins[name])
            yield
        finally:
            for name, original in originals.items():
                setattr(utils, name, original)


@cache
def _try_best_heads_first() -> None:
    """Let stanza's search for the best tree begin with the best head of each word.

    Where these make a tree with one root, as they do for nearly all prompts, no tree can be better. The
    search itself is Python, and takes a quarter of the time of parsing.
    """
    from stanza.models.depparse import model, trainer

    for module in (model, trainer):  # which of them searches depends on the version
        if hasattr(module, "chuliu_edmonds_one_root"):
            module.chuliu_edmonds_one_root = _with_short_cut(module.chuliu_edmonds_one_root)


def _with_short_cut(search: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def find(scores: Any) -> Any:
        heads = best_heads(scores)
        return search(scores) if heads is None else heads

    return find


def best_heads(scores: NDArray[np.floating[Any]]) -> NDArray[np.intp] | None:
    """Return the best head of each word; None unless they make a tree with one root.

    Args:
        scores: Of each word (row) and head (column), shape (1+N, 1+N); row and column 0 stand for the root.
    """
    import numpy as np

    scores = scores.copy()
    np.fill_diagonal(scores, -np.inf)  # no word is its own head
    heads = scores.argmax(axis=1)
    heads[0] = 0
    if (heads[1:] == 0).sum() != 1:
        return None
    above = heads
    for _ in range(len(heads).bit_length()):  # each round climbs twice as far as the one before
        above = above[above]
    return None if above.any() else heads


def _tree(document: Any) -> Tree:
    """Translate a stanza document; its sentences become trees side by side."""
    return Tree.join([Tree(tuple(_token(word) for word in sentence.words)) for sentence in document.sentences])


def _token(word: Any) -> Token:
    place = word if word.start_char is not None else word.parent  # a part of a multi-word token has no place
    return Token(
        index=word.id - 1,
        text=word.text,
        start=place.start_char,
        end=place.end_char,
        upos=word.upos or "X",
        head=word.head - 1 if word.head else None,
        relation=word.deprel or "dep",
    )
