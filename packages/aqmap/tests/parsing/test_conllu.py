from __future__ import annotations

import pytest

from aqmap.parsing.conllu import read_conllu
from aqmap.parsing.tree import Tree
from grefine_core import InputError

CAT = "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root on/ADP/5/case a/DET/5/det mat/NOUN/2/nmod"


def row(number: str, form: str, head: str = "0", relation: str = "root", misc: str = "_") -> str:
    return f"{number}\t{form}\t_\tNOUN\t_\t_\t{head}\t{relation}\t_\t{misc}"


def test_written_tree_is_read_back(grow) -> None:
    tree = grow(CAT)
    (sentence,) = read_conllu(tree.to_conllu())
    assert sentence.tree == tree
    assert sentence.text == "a red cat on a mat"


def test_touching_words_are_read_back_touching(grow) -> None:
    tree = grow("do/AUX/-/root n't/PART/0/advmod go/VERB/0/xcomp ,/PUNCT/2/punct", "don't go,")
    assert "SpaceAfter=No" in tree.to_conllu()
    assert read_conllu(tree.to_conllu())[0].tree == tree


def test_each_root_is_a_sentence_with_its_places_in_the_prompt(grow) -> None:
    tree = Tree.join([grow(CAT), grow("sky/NOUN/-/root")])
    written = tree.to_conllu()
    assert [sentence.text for sentence in read_conllu(written)] == ["a red cat on a mat", "sky"]
    assert written.splitlines()[3] == "3\tcat\t_\tNOUN\t_\t_\t0\troot\t_\tstart_char=6|end_char=9"


def test_roots_whose_words_cross_share_a_sentence(grow) -> None:
    tree = grow("a/DET/2/det b/NOUN/-/root c/NOUN/-/root d/NOUN/1/dep")
    assert read_conllu(tree.to_conllu())[0].tree == tree


def test_parts_of_a_word_share_its_place() -> None:
    text = "\n".join(
        ["# text = le chat du roi", row("1", "le", "2", "det"), row("2", "chat"), row("3-4", "du", "_", "_")]
    )
    text += "\n" + "\n".join([row("3", "de", "5", "case"), row("4", "le", "5", "det"), row("5", "roi", "2", "nmod")])
    (sentence,) = read_conllu(text)
    assert [(token.start, token.end) for token in sentence.tree.tokens] == [(0, 2), (3, 7), (8, 10), (8, 10), (11, 14)]


def test_parts_that_make_up_a_word_have_places_of_their_own() -> None:
    text = "\n".join([row("1-2", "don't", "_", "_"), row("1", "do"), row("2", "n't", "1", "advmod")])
    (sentence,) = read_conllu(text)
    assert [(token.start, token.end) for token in sentence.tree.tokens] == [(0, 2), (2, 5)]


def test_parts_of_a_word_are_written_below_it() -> None:
    text = "\n".join(
        [row("1-2", "du", "_", "_"), row("1", "du"), row("2", "du", "1", "det"), row("3", "roi", "1", "dep")]
    )
    tree = read_conllu(text)[0].tree
    assert tree.to_conllu().splitlines()[:3] == [
        "# text = du roi",
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\tstart_char=0|end_char=2",
        "1\tdu\t_\tNOUN\t_\t_\t0\troot\t_\t_",
    ]
    assert read_conllu(tree.to_conllu())[0].tree == tree


def test_text_without_a_comment_is_made_of_the_forms() -> None:
    text = "\n".join([row("1", "cat", misc="SpaceAfter=No"), row("2", ",", "1", "punct"), row("3", "dog", "1", "list")])
    assert read_conllu(text)[0].text == "cat, dog"


def test_empty_nodes_and_comments_are_passed_over() -> None:
    text = "\n".join(
        ["# newdoc", row("1", "cat"), row("1.1", "is", "_", "_"), row("2", "black", "1", "amod"), "", "# end"]
    )
    (sentence,) = read_conllu(text)
    assert [token.text for token in sentence.tree.tokens] == ["cat", "black"]


def test_unknown_tags_and_relations_have_the_names_of_the_standard() -> None:
    (sentence,) = read_conllu("1\tcat\t_\t_\t_\t_\t0\t_\t_\t_")
    assert (sentence.tree.tokens[0].upos, sentence.tree.tokens[0].relation) == ("X", "dep")


def test_windows_line_ends_are_read() -> None:
    assert len(read_conllu(f"{row('1', 'cat')}\r\n\r\n{row('1', 'dog')}\r\n")) == 2


@pytest.mark.parametrize("tree", [Tree(())])
def test_tree_without_words_is_written_as_nothing(tree: Tree) -> None:
    assert tree.to_conllu() == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 cat _ NOUN", r"Line 1 of F: a word has 10 columns with tabs between them, this line 1\."),
        (f"{row('1', 'cat')}\n{row('3', 'dog')}", r"Line 2 of F: word 3 stands where 2 is due"),
        (row("one", "cat"), r"Line 1 of F: `one` is no number"),
        (row("2-1", "cat"), r"Line 1 of F: `2-1` is no range"),
        (row("1", ""), r"Line 1 of F: the word has no form"),
        (row("1", "cat", "_"), r"Line 1 of F: the head must be a number from 0 to 1, got `_`"),
        (row("1", "cat", "7"), r"Line 1 of F: the head must be a number from 0 to 1, got `7`"),
        (
            f"\n# text = x\n{row('1', 'a', '2')}\n{row('2', 'b', '1')}",
            r"Line 3 of F: `a` is not what comes next in the text",
        ),
        (f"\n\n{row('1', 'a', '2')}\n{row('2', 'b', '1')}", r"Line 3 of F: .*no tree.*circle\.$"),
    ],
)
def test_line_that_breaks_the_format_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_conllu(text, source="F")
