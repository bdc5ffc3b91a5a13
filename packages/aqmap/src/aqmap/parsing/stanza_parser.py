"""A stanza pipeline behind the Parser protocol: the one file that imports stanza.

Nothing is downloaded: every file is named, and stanza's look at its server is turned off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aqmap.parsing.tree import Token, Tree
from aqmap.prompts.segments import MAX_SEGMENT_CHARACTERS
from grefine_core import InputError, ParserPack, WeightsError

if TYPE_CHECKING:
    import stanza

_PROCESSORS = "tokenize,pos,depparse"


class StanzaParser:
    """Parse segments with the models of one pack, on the CPU."""

    def __init__(self, pack: ParserPack) -> None:
        """Load the models.

        Raises:
            WeightsError: If a file is absent or no stanza model.
        """
        for path in (pack.folder / "resources.json", pack.tokenizer, pack.tagger, pack.parser, pack.vectors):
            if not path.is_file():
                raise WeightsError(f"Parser file {path} is missing; reinstall the package that brings it.")
        try:
            self._pipeline = _load(pack)
        except Exception as error:  # torch, pickle and stanza each have errors of their own for a broken file
            raise WeightsError(f"The parser in {pack.folder} cannot be loaded: {error}.") from error
        self._name = pack.name

    @property
    def name(self) -> str:
        """The pack that was loaded."""
        return self._name

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, all in one pass; a blank segment has an empty one.

        Raises:
            InputError: If a segment is too long; it could take minutes.
        """
        from stanza import Document

        for segment in segments:
            if len(segment) > MAX_SEGMENT_CHARACTERS:
                raise InputError(f"A segment has at most {MAX_SEGMENT_CHARACTERS} characters, got {len(segment)}.")
        texts = {text: Document([], text=text) for text in segments if text.strip()}  # each text once
        parsed = dict(zip(texts, self._pipeline.bulk_process(list(texts.values())), strict=True)) if texts else {}
        return [_tree(parsed[text]) if text in parsed else Tree(()) for text in segments]


def _load(pack: ParserPack) -> stanza.Pipeline:
    import stanza
    from stanza.models.common.foundation_cache import FoundationCache
    from stanza.models.common.pretrain import Pretrain

    vectors = Pretrain(str(pack.vectors))
    vectors.load()
    vectors._emb = vectors._emb.float()  # stored as float16, which the models cannot mix with float32
    cache = FoundationCache(local_files_only=True)
    cache.pretrains[str(pack.vectors)] = vectors
    return stanza.Pipeline(
        pack.language,
        dir=str(pack.folder),
        package=None,
        processors=_PROCESSORS,
        download_method=None,
        allow_unknown_language=True,
        use_gpu=False,
        logging_level="ERROR",
        foundation_cache=cache,
        tokenize_model_path=str(pack.tokenizer),
        tokenize_no_ssplit=True,
        pos_model_path=str(pack.tagger),
        pos_pretrain_path=str(pack.vectors),
        depparse_model_path=str(pack.parser),
        depparse_pretrain_path=str(pack.vectors),
        depparse_pretagged=True,  # or it asks for a lemmatizer
    )


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
