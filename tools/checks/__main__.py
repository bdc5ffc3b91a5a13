"""Run every check on this repository; print what breaks a rule and exit with 1 if anything does."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.checks import check_packages, check_sizes, check_tests

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return the exit code: 0 if no rule is broken."""
    findings = [*check_sizes(ROOT), *check_tests(ROOT), *check_packages(ROOT)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} broken rules" if findings else "All house rules are kept.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
