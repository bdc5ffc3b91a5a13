"""One command per job: `nox -l` lists them, `nox -s <name>` runs one, arguments after `--` reach its tool."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lint", "types", "layers"]
nox.options.error_on_external_run = True

ROOT = Path(__file__).resolve().parent
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = sorted(file.parent.name for file in ROOT.glob("packages/*/pyproject.toml"))
EDITABLE = [argument for name in PACKAGES for argument in ("-e", f"packages/{name}")]
"""Every package; editable, so that messages and coverage name the files one edits."""
OFFLINE = {
    "HF_HUB_OFFLINE": "1",  # read when the hub library is imported, so a fixture would be too late
    "TOKENIZERS_PARALLELISM": "false",  # its threads and forked workers may block each other
}


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(WORKSPACE, name))


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with every package installed; arguments go to pytest."""
    session.install(*EDITABLE, *group("test"), *group("mini"))
    session.run("pytest", *session.posargs, env=OFFLINE)


def add_package_tests(name: str) -> None:
    """Add the session that tests one package with nothing installed but what it declares."""

    def tests_package(session: nox.Session) -> None:
        session.install("-e", f"packages/{name}", *group("test"))
        session.run("pytest", f"packages/{name}/tests", *session.posargs, env=OFFLINE)

    tests_package.__doc__ = f"Run the tests of {name} with only it and what it declares; arguments go to pytest."
    nox.session(name=f"tests-{name}", default=False)(tests_package)


for package in PACKAGES:
    add_package_tests(package)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Run the offline demonstration; arguments go to `python -m grefine.demo`."""
    session.install(*EDITABLE)
    session.run("python", "-m", "grefine.demo", *session.posargs, env=OFFLINE)


@nox.session(default=False)
def mini_tables(session: nox.Session) -> None:
    """Compute tables 2, 6, 7 and 8 of a generated mini database; arguments go to `python -m tools.mini_tables`."""
    session.install(*EDITABLE, *group("test"))
    session.run("python", "-m", "tools.mini_tables", *session.posargs, env=OFFLINE)


@nox.session(default=False)
def oracle(session: nox.Session) -> None:
    """Print how far our numbers are from those of the authors' and CLIP Surgery's own code; arguments go to pytest."""
    session.install(*EDITABLE, *group("test"))
    session.run("pytest", "-s", "tests/test_oracle.py", *session.posargs, env=OFFLINE)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and house rules; with arguments (such as `--fix`) run `ruff check` with them first."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("python", "-m", "tools.checks")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly; arguments go to mypy."""
    session.install(*EDITABLE, *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """Check which package imports which; arguments go to lint-imports."""
    session.install("--no-deps", *EDITABLE)  # sources are read, not run
    session.install(*group("layers"))
    session.run("lint-imports", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Check links and code of all Markdown files and run the documented examples; arguments go to pytest."""
    session.install(*EDITABLE, *group("docs"))
    session.run("python", "-m", "tools.check_docs")
    if (ROOT / "docs_src" / "tests").is_dir():
        session.run("pytest", "docs_src/tests", *session.posargs, env=OFFLINE)


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build wheels and sdists into dist/, check them, and use the wheels in a fresh environment."""
    session.install(*group("build"))
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("uv", "build", "--all-packages", "--out-dir", str(dist), external=True)
    wheels = sorted(dist.glob("*.whl"))
    session.run("twine", "check", "--strict", *map(str, [*dist.glob("*.tar.gz"), *wheels]))

    fresh = Path(session.create_tmp()).resolve() / "wheels"
    interpreter = session.run("python", "-c", "import sys; print(sys.executable)", silent=True) or ""
    session.run("uv", "venv", "--clear", "--python", interpreter.strip(), str(fresh), external=True)
    scripts = fresh / ("Scripts" if (fresh / "Scripts").is_dir() else "bin")
    python = str(scripts / "python")
    session.run("uv", "pip", "install", "--python", python, *map(str, wheels), external=True)
    session.cd(fresh)  # away from the sources
    imports = ", ".join(name.replace("-", "_") for name in PACKAGES)
    session.run(python, "-I", "-W", "error", "-c", f"import {imports}", external=True)
    session.run(str(scripts / "grefine"), "--help", external=True)


@nox.session(name="fit-mini", default=False)
def fit_mini(session: nox.Session) -> None:
    """Fit the heads of the mini pack (long); arguments go to `python -m tools.mini.fit`."""
    session.install(*EDITABLE, *group("mini"))
    session.run("python", "-m", "tools.mini.fit", *session.posargs)


@nox.session(name="train-mini", default=False)
def train_mini(session: nox.Session) -> None:
    """Train the mini pack (hours), or with `--quick` a small version; arguments go to `python -m tools.mini.train`."""
    session.install(*EDITABLE, *group("mini"))
    arguments = session.posargs if "--work" in session.posargs else ["--work", "mini-run", *session.posargs]
    session.run("python", "-m", "tools.mini.train", *arguments, env=OFFLINE)


@nox.session(name="evaluate-mini", default=False)
def evaluate_mini(session: nox.Session) -> None:
    """Measure what the mini pack must show (20 minutes); arguments go to `python -m tools.mini.evaluate`."""
    session.install(*EDITABLE, *group("mini"))
    session.run("python", "-m", "tools.mini.evaluate", *session.posargs, env=OFFLINE)


@nox.session(name="train-parser", default=False)
def train_parser(session: nox.Session) -> None:
    """Train the parser of the mini pack (long) or `--evaluate` it; arguments go to `python -m tools.parser`."""
    session.install(*EDITABLE, *group("parser"))
    session.run("python", "-m", "tools.parser", *session.posargs)


@nox.session(default=False, python="3.11")
def minimums(session: nox.Session) -> None:
    """Run the fast tests of the packages with the oldest versions they admit; arguments go to pytest."""
    session.install("--resolution", "lowest-direct", *EDITABLE, *group("test"))
    folders = [f"packages/{name}/tests" for name in PACKAGES]
    # `-W default`: old releases rightly warn beside newer ones that they did not know
    session.run("pytest", "-W", "default", "-m", "not slow", *(session.posargs or folders), env=OFFLINE)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Run every benchmark; arguments go to each."""
    session.install(*EDITABLE, *group("mini"))
    for file in sorted((ROOT / "benchmarks").glob("*.py")):
        session.run("python", "-m", f"benchmarks.{file.stem}", *session.posargs)
