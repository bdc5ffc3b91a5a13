"""Trees as the dependency graphs of nltk, which draws, searches and converts them: the one file that imports nltk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqmap.parsing.tree import Token, Tree
from grefine_core import InputError

if TYPE_CHECKING:
    from nltk.parse import DependencyGraph

TOP = "TOP"
"""Word and tag of the node above all roots."""


def to_graph(tree: Tree) -> DependencyGraph:
    """Return a tree as a graph whose node i + 1 is token i.

    Beside nltk's own fields each node has `start` and `end`, the place in the user's text. Node 0, the
    top, has all roots below it. `graph.root`, where `graph.tree()` and `graph.triples()` begin, is the
    root if there is one, and the top if there are several, so that they reach all words.

    Raises:
        InputError: If nltk is not installed, or the tree is empty.
    """
    try:
        from nltk.parse import DependencyGraph
    except ModuleNotFoundError as error:
        raise InputError("Graphs need nltk; install it with `pip install 'aqmap[nltk]'`.") from error
    if not tree.tokens:
        raise InputError("A tree without words has no graph.")
    graph = DependencyGraph()
    graph.nodes[0]["word"] = TOP
    for token in tree.tokens:
        graph.nodes[token.index + 1].update(_node(token))
    for token in tree.tokens:
        graph.add_arc(0 if token.head is None else token.head + 1, token.index + 1)
    graph.root = graph.nodes[tree.roots[0] + 1 if len(tree.roots) == 1 else 0]
    return graph


def _node(token: Token) -> dict[str, object]:
    head = 0 if token.head is None else token.head + 1
    return {
        "address": token.index + 1,
        "word": token.text,
        "lemma": "_",
        "ctag": token.upos,
        "tag": token.upos,
        "feats": "_",
        "head": head,
        "rel": token.relation,
        "start": token.start,
        "end": token.end,
    }


def from_graph(graph: DependencyGraph) -> Tree:
    """Return the tree of a graph; without `start` and `end` its words are laid out with single spaces.

    Raises:
        InputError: If its nodes are not numbered 1, 2, 3, ..., or it is no tree.
    """
    nodes = {node["address"]: node for node in graph.nodes.values() if node["address"]}
    tokens: list[Token] = []
    for address in sorted(nodes):
        node = nodes[address]
        start = node.get("start", tokens[-1].end + 1 if tokens else 0)
        tokens.append(
            Token(
                index=address - 1,
                text=node["word"],
                start=start,
                end=node.get("end", start + len(node["word"])),
                upos=node["ctag"] or "X",
                head=node["head"] - 1 if node["head"] else None,
                relation=node["rel"] or "dep",
            )
        )
    return Tree(tuple(tokens))
