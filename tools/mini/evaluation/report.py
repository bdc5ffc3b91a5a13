"""The table, as Markdown and as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.mini.evaluation.records import Finding

HEADER = "| claim | value | 95% interval | target | | n | note |\n" + "| --- " * 7 + "|"


def markdown_row(finding: Finding) -> str:
    """Return one row of the table."""
    low_high = f"{finding.interval.low:.3f} to {finding.interval.high:.3f}" if finding.interval else ""
    target = "" if finding.target is None else f"{'<=' if finding.at_most else '>='} {finding.target:g}"
    verdict = {True: "met", False: "**missed**", None: ""}[finding.met]
    value = "not measured" if math.isnan(finding.value) else f"{finding.value:.3f}"
    return f"| {finding.claim} | {value} | {low_high} | {target} | {verdict} | {finding.n} | {finding.note} |"


def summary(findings: Sequence[Finding]) -> str:
    """Return one sentence: how many targets are met."""
    judged = [finding.met for finding in findings if finding.met is not None]
    return f"{sum(judged)} of {len(judged)} targets met."
