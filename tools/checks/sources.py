"""Which Python files the checks read, and how they are named in messages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {"__pycache__", "build", "dist", "node_modules", "site"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Python file."""

    path: Path
    """Relative to the root, so that messages are short and can be clicked."""
    lines: tuple[str, ...]
    tree: ast.Module

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def read_sources(root: Path) -> Iterator[Source]:
    """Yield the Python files below `root`, in order of path, without hidden and built folders."""
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root)
        if any(part.startswith(".") or part in SKIPPED_FOLDERS for part in path.parts[:-1]):
            continue
        text = file.read_text(encoding="utf-8")
        yield Source(path=path, lines=tuple(text.splitlines()), tree=ast.parse(text, filename=str(path)))
