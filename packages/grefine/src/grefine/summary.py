"""What the command line tells people: tables on stdout, progress on stderr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text  # prompts hold brackets, which a plain string would turn into markup

from aqmap import VERDICT_STYLES

if TYPE_CHECKING:
    from pathlib import Path

    from grefine.certificate import Certificate
    from grefine.demo import Demonstration
    from grefine.doctor import Finding
    from grefine.pipeline import OnProgress
    from grefine.plan import Planned
    from grefine.receipts import Replay
    from grefine.results import Outcome, Score
    from grefine.run import Finished

_STAGES = {"stage1": "repairing regions", "stage2": "mild pass"}


def print_score(score: Score) -> None:
    """Print both scores, the four factors and the phrases."""
    console = Console()
    scores = Table("", "score", title="0 is bad, 1 is good", title_justify="left")
    scores.columns[1].justify = "right"
    scores.add_row("perceptual quality p", f"{score.p:.3f}")
    for name, value in score.perception.factors.items():
        scores.add_row(f"  {name}", f"{value:.3f}")
    scores.add_row("alignment a", f"{score.a:.3f}")
    console.print(scores)
    console.print(_phrases(score, score))
    _print_notes(console, score)


def print_outcome(finished: Finished) -> None:
    """Print the scores and phrases before and after, what was kept and why, and the files."""
    console = Console()
    outcome = finished.outcome
    before, after = outcome.before, outcome.after
    scores = Table("", "before", "after", title="0 is bad, 1 is good", title_justify="left")
    for column in scores.columns[1:]:
        column.justify = "right"
    scores.add_row("perceptual quality p", f"{before.p:.3f}", f"{after.p:.3f}")
    for name, value in before.perception.factors.items():
        scores.add_row(f"  {name}", f"{value:.3f}", f"{after.perception.factors[name]:.3f}")
    scores.add_row("alignment a", f"{before.a:.3f}", f"{after.a:.3f}")
    console.print(scores)
    console.print(_phrases(before, after))
    _print_notes(console, before)
    console.print(Text(outcome.refinement.message, "bold"))
    if outcome.refinement.decisions:
        console.print(_decisions(outcome))
    if not outcome.refinement.changed:
        console.print(Text(f"{finished.files[0].name} is the input, byte for byte."))
    _print_verdict(console, finished.certificate)
    console.print(f"{finished.seconds:.1f} seconds; files written:", highlight=False)
    _print_files(console, finished.files)


def print_plan(planned: Planned) -> None:
    """Print the scores, the regions with what each one needs, the prompt to use, and the files."""
    console = Console()
    print_score(planned.score)
    regions = planned.plan.found.regions
    if not regions:
        console.print(Text("Nothing to repair: the masks are empty.", "bold"))
    table = Table("region", "rows", "columns", "cause", "strength", "prompt")
    for region in regions:
        top, left, bottom, right = region.box
        cause = f"{region.kind}: {region.phrase}" if region.phrase else region.kind
        cells = (str(region.index), f"{top}-{bottom}", f"{left}-{right}", cause, f"{region.strength:.2f}")
        table.add_row(*map(Text, (*cells, region.prompt)))
    if regions:
        console.print(table)
    console.print("files written:")
    _print_files(console, planned.files)


def print_replay(done: Replay, *, kept: bool) -> None:
    """Print whether a result came out the same again, and what could explain it if not."""
    console = Console(highlight=False)
    for difference in done.differences:
        console.print(Text(f"note: {difference}"))
    verdict = (
        ("Identical: the same file, byte for byte.", "green") if done.identical else ("Not identical.", "bold red")
    )
    console.print(Text(*verdict))
    if kept:
        console.print("files written:")
        _print_files(console, done.finished.files)


def _print_files(console: Console, files: Iterable[Path]) -> None:
    for file in files:
        console.print(Text(f"  {file}"), soft_wrap=True)  # a wrapped path could not be copied


def print_certificate(certificate: Certificate, *, told: str = "") -> None:
    """Print every check with its verdict, rule and finding, and the sum of them."""
    console = Console()
    table = Table("check", "verdict", "found", "rule")
    for check in certificate.checks:
        verdict = Text("holds", "green") if check.holds else Text("violated", "red")
        table.add_row(Text(check.name), verdict, Text(check.found), Text(check.rule))
    console.print(table)
    if told:
        console.print(Text(told))
    _print_verdict(console, certificate)


def print_damage(shown: Demonstration) -> None:
    """Print what the demonstration did to the photograph, and how its quality map sees it."""
    console = Console(highlight=False)
    console.print(Text(f"prompt: {shown.finished.outcome.prompt}"))
    console.print(f"mean of P in the damaged rectangle: {shown.inside:.3f}; elsewhere: {shown.outside:.3f}")
    console.print(f"mean of P in the rectangle after the run: {shown.inside_after:.3f}")


def print_findings(findings: Iterable[Finding]) -> None:
    """Print an examination as it goes, each topic under its heading."""
    console = Console()
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            console.print(Text(topic, "bold"))
        line = Text(f"  {finding.name}: {finding.state}", "red" if finding.fix else "")
        console.print(line, soft_wrap=True)
        if finding.fix:
            console.print(Text(f"    to fix: {finding.fix}"), soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Show a bar on stderr while the refiner works; where nobody watches, show none."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("loading and assessing", total=None)

        def on_progress(stage: str, done: int, total: int) -> None:
            progress.update(task, description=_STAGES.get(stage, stage), completed=done, total=total)

        yield on_progress


def _phrases(before: Score, after: Score) -> Table:
    """Return the phrases with their scores; two columns for each where something changed."""
    both = after is not before
    table = Table(
        "phrase", "noun", *(["noun after"] if both else []), "phrase", *(["phrase after"] if both else []), "verdict"
    )
    for column in table.columns[1:-1]:
        column.justify = "right"
    for old, new in zip(before.alignment.phrases, after.alignment.phrases, strict=True):
        nouns = [old.noun_score, *([new.noun_score] if both else [])]
        wholes = [old.phrase_score, *([new.phrase_score] if both else [])]
        verdict = Text(old.verdict, VERDICT_STYLES[old.verdict])
        if old.verdict != new.verdict:
            verdict = Text.assemble(verdict, " -> ", (new.verdict, VERDICT_STYLES[new.verdict]))
        table.add_row(Text(old.text), *(f"{value:.3f}" for value in (*nouns, *wholes)), verdict)
    return table


def _decisions(outcome: Outcome) -> Table:
    """Return what was tried, region by region, and what the guard made of it."""
    rounds = outcome.refinement.rounds
    regions = {(done.number, region.index): region for done in rounds for region in done.found.regions}
    table = Table("change", "verdict", "reason")
    for decision in outcome.refinement.decisions:
        what = "mild pass over the whole picture"
        if decision.region is not None:
            region = regions[decision.round, decision.region]
            top, left, bottom, right = region.box
            why = f"{region.kind}: {region.phrase}" if region.phrase else region.kind
            when = f"round {decision.round}, " if len(rounds) > 1 else ""
            what = f"{when}region {region.index} ({why}), rows {top}-{bottom}, columns {left}-{right}"
        verdict = Text("kept", "green") if decision.kept else Text("dropped", "yellow")
        table.add_row(Text(what), verdict, Text(decision.reason))
    return table


def _print_verdict(console: Console, certificate: Certificate) -> None:
    compared = certificate.comparison
    if compared is not None:
        outside = f"{compared.untouched_share:.1%} of the pixels lie outside the mask"
        if certificate.stage1_outside_mask is not None:
            outside += f"; stage 1 changed them by {certificate.stage1_outside_mask:.4f}"
        console.print(Text(f"{outside}; the file differs there by {compared.outside:.4f}"), soft_wrap=True)
    for note in certificate.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    for violation in certificate.violations:
        console.print(Text(f"violated: {violation}", "red"), soft_wrap=True)
    verdict = "holds" if not certificate.violations else "is violated"
    console.print(Text(f"The certificate {verdict}: {len(certificate.checks)} checks."))


def _print_notes(console: Console, score: Score) -> None:
    if score.alignment.emphases:
        console.print(Text(f"emphasised: {score.alignment.emphasised}"))
    for warning in score.alignment.warnings:
        console.print(Text(f"note: {warning}"))
