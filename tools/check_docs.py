"""Check the Markdown files: links within the repository resolve, Python fences parse, nox sessions exist.

`python -m tools.check_docs` prints what is wrong and exits with 1 if anything is.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
SKIPPED_FOLDERS = {"build", "dist", "node_modules", "site"}

_FENCE = re.compile(
    r"^ *(?P<mark>`{3,}|~{3,})(?P<lang>[\w-]*)[^\n]*\n(?P<body>.*?)^ *(?P=mark) *$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?)(?: +#+)?$", re.MULTILINE)
_ANCHOR = re.compile(r"<a (?:id|name)=\"(?P<name>[^\"]+)\"")
_SESSIONS = re.compile(r"\bnox (?:-s|--session|-e) +(?P<names>\w[\w-]*(?: +\w[\w-]*)*)")
_DEFINED = re.compile(r"^def (\w+)\(session:", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text with fenced and inline code blanked: a link in code is no link."""
        plain = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), self.text)
        return re.sub(r"`[^`\n]*`", "``", plain)

    def at(self, offset: int) -> str:
        """File and line, for messages."""
        return f"{self.path}:{self.text.count(chr(10), 0, offset) + 1}"


def check_docs(root: Path) -> list[str]:
    """Return one message per broken link, fence or session name in the Markdown files below `root`."""
    sessions = _session_names(root)
    found: list[str] = []
    for page in _pages(root):
        found += _broken_links(page, root)
        found += _broken_fences(page)
        found += _unknown_sessions(page, sessions)
    return [message.replace(f"{root}/", "") for message in found]


def _pages(root: Path) -> Iterator[Page]:
    for path in sorted(root.rglob("*.md")):
        folders = path.relative_to(root).parts[:-1]
        if not any(part.startswith(".") or part in SKIPPED_FOLDERS for part in folders):
            yield Page(path=path, text=path.read_text(encoding="utf-8"))


def _broken_links(page: Page, root: Path) -> Iterator[str]:
    for line, text in enumerate(page.prose.splitlines(), start=1):
        for link in _LINK.finditer(text):
            target = link["target"]
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue  # other sites change without us
            name, _, anchor = unquote(target).partition("#")
            file = (page.path.parent / name).resolve() if name else page.path
            if not file.exists():
                yield f"{page.path}:{line}: `{target}` does not exist"
            elif not file.is_relative_to(root):
                yield f"{page.path}:{line}: `{target}` leaves the repository"
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text(encoding="utf-8")):
                yield f"{page.path}:{line}: `{target}` names no heading"


def _anchors(text: str) -> set[str]:
    """Anchors of the headings as GitHub forms them, and those set by hand."""
    names: set[str] = set()
    for heading in _HEADING.finditer(_FENCE.sub("", text)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading["title"])
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = 1
        while (name := slug if count == 1 else f"{slug}-{count - 1}") in names:
            count += 1
        names.add(name)
    return names | {match["name"] for match in _ANCHOR.finditer(text)}


def _broken_fences(page: Page) -> Iterator[str]:
    for fence in _FENCE.finditer(page.text):
        if fence["lang"] in {"python", "py"} and ">>>" not in fence["body"]:
            try:
                ast.parse(dedent(fence["body"]))
            except SyntaxError as error:
                yield f"{page.at(fence.start())}: this Python does not parse: {error.msg}"


def _session_names(root: Path) -> set[str]:
    """Names of the nox sessions: the functions, and one `tests-<package>` per package."""
    noxfile = root / "noxfile.py"
    defined = _DEFINED.findall(noxfile.read_text(encoding="utf-8")) if noxfile.is_file() else []
    packages = {f"tests-{file.parent.name}" for file in root.glob("packages/*/pyproject.toml")}
    return {name.replace("_", "-") for name in defined} | packages


def _unknown_sessions(page: Page, sessions: set[str]) -> Iterator[str]:
    for fence in _FENCE.finditer(page.text):
        for command in _SESSIONS.finditer(fence["body"]):
            for name in command["names"].split():
                if name not in sessions:
                    yield f"{page.at(fence.start('body') + command.start())}: no nox session `{name}`"


def main() -> int:
    """Return the exit code: 0 if nothing is wrong."""
    found = check_docs(ROOT)
    for message in found:
        print(message)
    print(f"{len(found)} problems in the docs" if found else "Links, fences and session names are right.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
