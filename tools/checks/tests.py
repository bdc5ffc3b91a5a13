"""A test must be able to fail: it asserts, and throws no comparison's result away."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.checks.sources import Source, read_sources

RAISING = {"deprecated_call", "fail", "raises", "warns"}
"""Functions of pytest that fail a test by themselves."""
COMPARISONS = {"allclose", "array_equal", "equal", "isclose", "isfinite", "isnan"}
"""Functions that only return a truth: as a statement they check nothing."""


def check_tests(root: Path) -> list[str]:
    """Return one message per test below `root` that cannot fail, and per comparison without effect."""
    found = []
    for source in read_sources(root):
        found += _lost_comparisons(source)
        if source.path.name.startswith("test_"):
            found += _tests_without_assert(source)
    return found


def _tests_without_assert(source: Source) -> list[str]:
    return [
        f"{source.path}:{function.lineno}: `{function.name}` asserts nothing"
        for function in source.functions()
        if function.name.startswith("test") and not any(_can_fail(node) for node in ast.walk(function))
    ]


def _can_fail(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    if isinstance(node, ast.Call):
        name = _called_name(node)
        # `assert_close`, `assert_called_once`, and helpers of a test file such as `_assert_same_map`
        return name.lstrip("_").startswith("assert") or name in RAISING
    return False


def _lost_comparisons(source: Source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = _called_name(node.value)
            if name in COMPARISONS:
                found.append(f"{source.path}:{node.lineno}: the result of `{name}` is thrown away")
    return found


def _called_name(call: ast.Call) -> str:
    """Last part of what is called: `b` of `a.b()`; empty where it has no name."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
