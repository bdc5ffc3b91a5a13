from __future__ import annotations

from pathlib import Path

import pytest

from aqmap.parsing.conllu import read_conllu
from aqmap.parsing.conllu_parser import ConlluParser
from aqmap.parsing.parser import Parser
from grefine_core import InputError

CAT = "# text = a  cat\n1\ta\t_\tDET\t_\t_\t2\tdet\t_\t_\n2\tcat\t_\tNOUN\t_\t_\t0\troot\t_\t_\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.conllu"
    path.write_text("\ufeff" + CAT, encoding="utf-8")
    return path


def test_segments_find_their_trees_by_text(file: Path) -> None:
    parser = ConlluParser.read(file)
    trees = parser.parse(["a cat", " ", "a cat"])
    assert [[token.upos for token in tree.tokens] for tree in trees] == [["DET", "NOUN"], [], ["DET", "NOUN"]]
    assert isinstance(parser, Parser)
    assert parser.name == "conllu:own.conllu"


def test_first_of_two_trees_counts() -> None:
    parser = ConlluParser(read_conllu(CAT + "\n" + CAT.replace("NOUN", "VERB")))
    assert parser.parse(["a cat"])[0].tokens[1].upos == "NOUN"


def test_text_without_a_tree_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match="No sentence has this text"):
        ConlluParser.read(file).parse(["a dog"])


def test_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.conllu cannot be read: No such file"):
        ConlluParser.read(tmp_path / "no.conllu")


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.conllu").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(InputError, match=r"binary\.conllu cannot be read: it is no text in UTF-8"):
        ConlluParser.read(tmp_path / "binary.conllu")


def test_bad_line_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.conllu").write_text("cat", encoding="utf-8")
    with pytest.raises(InputError, match=r"Line 1 of .*bad\.conllu"):
        ConlluParser.read(tmp_path / "bad.conllu")
