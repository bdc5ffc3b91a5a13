"""A file has at most 300 lines and a function at most 40, its docstring not counted.

`# size: <reason>` waives the limit: for a file within its first five lines, for a function on a line of
its signature.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tools.checks.sources import Source, read_sources

FILE_LINES = 300
FUNCTION_LINES = 40
WAIVER_LINES = 5
"""How far into a file its waiver may stand."""

_WAIVER = re.compile(r"#\s*size:\s*\w")


def check_sizes(root: Path) -> list[str]:
    """Return one message per file or function below `root` that is too long and not waived."""
    found = []
    for source in read_sources(root):
        if len(source.lines) > FILE_LINES and not _waived(source.lines[:WAIVER_LINES]):
            found.append(f"{source.path}:1: {len(source.lines)} lines in a file, at most {FILE_LINES}")
        found += _long_functions(source)
    return found


def _long_functions(source: Source) -> list[str]:
    found = []
    for function in source.functions():
        length = _length(function)
        signature = source.lines[function.lineno - 1 : max(function.lineno, function.body[0].lineno - 1)]
        if length > FUNCTION_LINES and not _waived(signature):
            where = f"{source.path}:{function.lineno}"
            found.append(f"{where}: {length} lines in `{function.name}`, at most {FUNCTION_LINES}")
    return found


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    total = _span(function)
    if ast.get_docstring(function, clean=False) is not None:
        total -= _span(function.body[0])
    return total


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _waived(lines: tuple[str, ...]) -> bool:
    return any(_WAIVER.search(line) for line in lines)
