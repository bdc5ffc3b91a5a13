"""`aqmap parse`: the tree of a prompt, drawn as text or printed as CoNLL-U."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aqmap.commands.options import ParserName
from grefine_core.cli_support import one_sentence_errors
from grefine_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree as Drawing

    from aqmap.parsing.tree import Tree
    from aqmap.phrases import Phrase

_COLOURS = ("green", "cyan", "magenta", "yellow", "blue", "red")
"""Of the phrases, by turns."""


@one_sentence_errors
def parse(
    prompt: Annotated[str, typer.Option(help="Text to take apart.", show_default=False)],
    conllu: Annotated[bool, typer.Option("--conllu", help="Print CoNLL-U instead of drawing.")] = False,
    parser: ParserName = DEFAULT_PRESET,
) -> None:
    """Draw how a prompt is read: every word with its part of speech, its place and its phrase.

    A word hangs on the one above it, by the relation before the colon. The number in brackets is the
    phrase that a word belongs to; the table below has the phrases, and which one each hangs on. A parser
    is an installed one, `stanza:LANG`, `stanza:LANG/PACKAGE`, `conllu:FILE` or `chunker`.
    """
    from aqmap.parsing.parser import load_parser, parse_prompt
    from aqmap.prompts.prompt import normalise

    plain = normalise(prompt)  # cheap errors before models are loaded
    parsed = parse_prompt(plain, load_parser(parser))
    if conllu:
        typer.echo(parsed.tree.to_conllu(), nl=False)
        for remark in parsed.remarks:
            typer.echo(f"note: {remark}", err=True)
    else:
        _draw(parsed.tree, parsed.remarks)


def _draw(tree: Tree, remarks: Sequence[str]) -> None:
    from rich.console import Console
    from rich.text import Text  # prompts hold brackets, which a plain string would turn into markup

    from aqmap.phrases import find_phrases

    phrases = find_phrases(tree)
    console = Console(highlight=False)
    for root in tree.roots:
        console.print(_grow(tree, root, phrases))
    console.print(_table(tree, phrases))
    for remark in remarks:
        console.print(Text(f"note: {remark}"))


def _grow(tree: Tree, root: int, phrases: Sequence[Phrase]) -> Drawing:
    from rich.tree import Tree as Drawing

    number_of = {index: number for number, phrase in enumerate(phrases, start=1) for index in phrase.tokens}
    drawing = Drawing(_label(tree, root, number_of.get(root)))
    branches = {root: drawing}
    for index in tree.breadth_first(root):  # heads come first
        for child in tree.children(index):
            branches[child] = branches[index].add(_label(tree, child, number_of.get(child)))
    return drawing


def _label(tree: Tree, index: int, phrase: int | None) -> Text:
    from rich.text import Text

    token = tree.tokens[index]
    colour = "" if phrase is None else _COLOURS[(phrase - 1) % len(_COLOURS)]
    label = Text.assemble((f"{token.relation}: ", "dim"), (token.text, f"bold {colour}".strip()))
    label.append(f" {token.upos} {token.start}:{token.end}", "dim")
    return label if phrase is None else label.append(f" [{phrase}]", colour)


def _table(tree: Tree, phrases: Sequence[Phrase]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from aqmap.ancestors import find_ancestors

    table = Table("", "phrase", "noun", "hangs on")
    for index, (phrase, above) in enumerate(zip(phrases, find_ancestors(tree, phrases), strict=True)):
        colour = _COLOURS[index % len(_COLOURS)]
        cells = (tree.wording(phrase.tokens), tree.wording(phrase.noun), "" if above == index else str(above + 1))
        table.add_row(Text(f"[{index + 1}]", colour), *map(Text, cells))
    return table
