"""Checks of house rules that no linter knows; `python -m tools.checks` runs them all."""

from tools.checks.packages import check_packages
from tools.checks.sizes import check_sizes
from tools.checks.tests import check_tests

__all__ = ["check_packages", "check_sizes", "check_tests"]
