"""Each package can be released alone: its changelog, its ranges to siblings and its files agree."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ("LICENSE", "README.md", "CHANGELOG.md")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package of the workspace, as its pyproject.toml describes it."""

    folder: Path
    name: str
    version: str
    requirements: tuple[Requirement, ...]
    """Required and optional ones."""

    @property
    def import_folder(self) -> Path:
        """Where its `__init__.py` is."""
        return self.folder / "src" / self.name.replace("-", "_")


def check_packages(root: Path) -> list[str]:
    """Return one message per broken rule in the packages of the workspace at `root`."""
    packages = [_read(file) for file in sorted(root.glob("packages/*/pyproject.toml"))]
    versions = {package.name: package.version for package in packages}
    found: list[str] = []
    for package in packages:
        found += _missing_files(package)
        found += _unmentioned_version(package)
        found += _wrong_ranges(package, versions)
        found += _wrong_inits(package)
    return [message.replace(f"{root}/", "") for message in found]


def _read(file: Path) -> Package:
    project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    groups = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    return Package(
        folder=file.parent,
        name=canonicalize_name(project["name"]),
        version=project["version"],
        requirements=tuple(Requirement(line) for group in groups for line in group),
    )


def _missing_files(package: Package) -> Iterator[str]:
    for path in [*(package.folder / name for name in FILES), package.import_folder / "py.typed"]:
        if not path.is_file():
            yield f"{path}: missing"


def _unmentioned_version(package: Package) -> Iterator[str]:
    changelog = package.folder / "CHANGELOG.md"
    heading = re.compile(rf"^## \[?{re.escape(package.version)}\]? - \d{{4}}-\d\d-\d\d$", re.MULTILINE)
    if changelog.is_file() and not heading.search(changelog.read_text(encoding="utf-8")):
        yield f"{changelog}: no dated heading for the current version {package.version}"


def _wrong_ranges(package: Package, versions: dict[str, str]) -> Iterator[str]:
    for requirement in package.requirements:
        version = versions.get(canonicalize_name(requirement.name))
        if version is None:
            continue
        where = f"{package.folder / 'pyproject.toml'}: `{requirement}`"
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{where} does not admit the sibling's current version {version}"
        if {clause.operator for clause in requirement.specifier} != {">=", "<"}:
            yield f"{where} should be a range with `>=` and `<`"


def _wrong_inits(package: Package) -> Iterator[str]:
    if not (package.import_folder / "__init__.py").is_file():
        yield f"{package.import_folder / '__init__.py'}: missing"
    for file in sorted(package.import_folder.rglob("__init__.py")):
        names = _assigned_names(ast.parse(file.read_text(encoding="utf-8")))
        if "__all__" not in names:
            yield f"{file}: no `__all__`"
        if isinstance(names.get("__version__"), ast.Constant):
            yield f"{file}: `__version__` repeats the version; pyproject.toml is its one place"


def _assigned_names(tree: ast.Module) -> dict[str, ast.expr | None]:
    """Names that the top level of a module assigns, with the value; tuples are taken apart."""
    names: dict[str, ast.expr | None] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            names |= {part.id: value for part in parts if isinstance(part, ast.Name)}
    return names
