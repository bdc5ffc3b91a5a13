"""What `aqmap score` prints of one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqmap.commands.marked_prompt import coloured, marked, shows_colours, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from aqmap.results import Alignment


def print_report(result: Alignment) -> None:
    """Print the phrases, the prompt with those that fail, what was not wanted, and the score."""
    from rich.console import Console
    from rich.text import Text  # prompts hold brackets, which a plain string would turn into markup

    console = Console(highlight=False)
    console.print(_phrases(result))
    _print_prompt(console, result)
    if result.unwanted:
        console.print(Text(f"not wanted: {_unwanted(result)}"))
    console.print(f"judged: {result.coverage:.0%} of the content words")
    if result.emphases:
        console.print(Text(f"emphasised: {visible(result.emphasised)}"))
    for warning in result.warnings:
        console.print(Text(f"note: {visible(warning)}"))
    console.print(f"alignment {result.score:.3f} (0 is bad, 1 is good)")


def _phrases(result: Alignment) -> Table:
    from rich.table import Table
    from rich.text import Text

    from aqmap.defects import VERDICT_STYLES

    table = Table("phrase", "noun score", "phrase score", "verdict", "ancestor", "span")
    for column in table.columns:
        column.overflow = "fold"
        column.justify = "right" if str(column.header).endswith("score") else "left"
    for index, phrase in enumerate(result.phrases):
        above = "" if phrase.ancestor == index else result.phrases[phrase.ancestor].text
        verdict = phrase.verdict if phrase.reason is None else f"{phrase.verdict}: {phrase.reason}"
        table.add_row(
            Text(visible(phrase.text)),
            f"{phrase.noun_score:.3f}",
            f"{phrase.phrase_score:.3f}",
            Text(verdict, VERDICT_STYLES[phrase.verdict]),
            Text(visible(above)),
            " ".join(f"{start}:{end}" for start, end in phrase.spans),
        )
    return table


def _print_prompt(console: Console, result: Alignment) -> None:
    prompt, phrases = result.prompt.original, result.phrases
    if shows_colours(console):
        for text in coloured(prompt, phrases):
            console.print(text)
    else:
        from rich.text import Text

        for line in marked(prompt, phrases, width=console.width):
            console.print(Text(line), soft_wrap=True)


def _unwanted(result: Alignment) -> str:
    """Return the phrases of the negative prompt, each with its score and what that means."""
    seen = {True: "seen", False: "not seen", None: "not judged"}
    return ", ".join(f"{visible(phrase.text)} {phrase.score:.3f} ({seen[phrase.seen]})" for phrase in result.unwanted)
