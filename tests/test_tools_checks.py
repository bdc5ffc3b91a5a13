"""The house-rule checks find what they promise to find, and nothing in a tree that keeps the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_docs import check_docs
from tools.checks import check_packages, check_sizes, check_tests

LONG_BODY = "\n".join(f"    x{i} = {i}" for i in range(40))
PYPROJECT = """[project]
name = "{name}"
version = "{version}"
dependencies = [{dependencies}]
"""


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def add_package(
    root: Path, name: str, *, version: str = "0.2.1", dependencies: str = "", init: str = "__all__ = []"
) -> None:
    text = PYPROJECT.format(name=name, version=version, dependencies=dependencies)
    write(root, f"packages/{name}/pyproject.toml", text)
    write(root, f"packages/{name}/CHANGELOG.md", "# Changelog\n\n## [0.2.1] - 2026-11-23\n\n## 0.2.0 - 2026-11-01\n")
    write(root, f"packages/{name}/README.md", "")
    write(root, f"packages/{name}/LICENSE", "")
    write(root, f"packages/{name}/src/{name.replace('-', '_')}/py.typed", "")
    write(root, f"packages/{name}/src/{name.replace('-', '_')}/__init__.py", init)


def test_file_of_300_lines_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "x = 1\n" * 300)
    assert check_sizes(tmp_path) == []


def test_longer_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "src/a.py", "x = 1\n" * 301)
    assert check_sizes(tmp_path) == ["src/a.py:1: 301 lines in a file, at most 300"]


def test_file_waiver_with_reason_is_accepted(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "# size: one table, easier to read whole\n" + "x = 1\n" * 301)
    assert check_sizes(tmp_path) == []


def test_file_waiver_far_down_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "x = 1\n" * 301 + "# size: too late\n")
    assert len(check_sizes(tmp_path)) == 1


def test_longer_function_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.py", f"def f():\n{LONG_BODY}\n")
    assert check_sizes(tmp_path) == ["a.py:1: 41 lines in `f`, at most 40"]


def test_docstring_does_not_count(tmp_path: Path) -> None:
    body = LONG_BODY.removesuffix("\n    x39 = 39")
    docstring = '    """Do.\n\n    More.\n    """'
    write(tmp_path, "a.py", f"def f():\n{docstring}\n{body}\n")
    assert check_sizes(tmp_path) == []


@pytest.mark.parametrize(
    "signature",
    ["def f():  # size: a table of cases", "def f(\n    a,  # size: a table of cases\n):"],
    ids=["one line", "several lines"],
)
def test_function_waiver_in_the_signature_is_accepted(tmp_path: Path, signature: str) -> None:
    write(tmp_path, "a.py", f"{signature}\n{LONG_BODY}\n")
    assert check_sizes(tmp_path) == []


@pytest.mark.parametrize("waiver", ["# size:", "# size", "# long"])
def test_waiver_without_reason_is_refused(tmp_path: Path, waiver: str) -> None:
    write(tmp_path, "a.py", f"def f():  {waiver}\n{LONG_BODY}\n")
    assert len(check_sizes(tmp_path)) == 1


def test_hidden_and_built_folders_are_not_read(tmp_path: Path) -> None:
    for folder in (".nox", "dist", "__pycache__"):
        write(tmp_path, f"{folder}/a.py", "x = 1\n" * 301)
    assert check_sizes(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        "assert f() == 1",
        "with pytest.raises(ValueError): f()",
        "np.testing.assert_allclose(f(), 1)",
        "mock.assert_called_once()",
        "_assert_same(f(), 1)",
        "for x in f():\n        assert x",
    ],
)
def test_test_that_can_fail_is_accepted(tmp_path: Path, body: str) -> None:
    write(tmp_path, "tests/test_a.py", f"def test_f():\n    {body}\n")
    assert check_tests(tmp_path) == []


@pytest.mark.parametrize("body", ["f()", "assert True", "print(f() == 1)"])
def test_test_that_cannot_fail_is_named(tmp_path: Path, body: str) -> None:
    write(tmp_path, "tests/test_a.py", f"class TestA:\n  def test_f(self):\n    {body}\n")
    assert check_tests(tmp_path) == ["tests/test_a.py:2: `test_f` asserts nothing"]


def test_helper_of_a_test_file_needs_no_assert(tmp_path: Path) -> None:
    write(tmp_path, "tests/test_a.py", "def make(): return 1\n")
    assert check_tests(tmp_path) == []


def test_comparison_thrown_away_is_named(tmp_path: Path) -> None:
    write(tmp_path, "tests/test_a.py", "def test_f():\n    torch.allclose(f(), g())\n    assert f() == 1\n")
    assert check_tests(tmp_path) == ["tests/test_a.py:2: the result of `allclose` is thrown away"]


def test_package_that_keeps_the_rules_is_accepted(tmp_path: Path) -> None:
    add_package(tmp_path, "my-core")
    add_package(tmp_path, "my-user", dependencies='"my_core>=0.2,<0.3", "numpy>=2"')
    assert check_packages(tmp_path) == []


def test_version_without_changelog_entry_is_named(tmp_path: Path) -> None:
    add_package(tmp_path, "my-core", version="0.2")
    assert check_packages(tmp_path) == [
        "packages/my-core/CHANGELOG.md: no dated heading for the current version 0.2",
    ]


@pytest.mark.parametrize(
    ("requirement", "complaint"),
    [
        ("my-core>=0.1,<0.2", "does not admit the sibling's current version 0.2.1"),
        ("my-core[extra]>=0.3,<0.4", "does not admit the sibling's current version 0.2.1"),
        ("my-core==0.2.1", "should be a range with `>=` and `<`"),
        ("my-core", "should be a range with `>=` and `<`"),
    ],
)
def test_wrong_range_of_a_sibling_is_named(tmp_path: Path, requirement: str, complaint: str) -> None:
    add_package(tmp_path, "my-core")
    add_package(tmp_path, "my-user", dependencies=f'"{requirement}"')
    found = check_packages(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("init", "complaint"),
    [
        ("", "no `__all__`"),
        ("import lazy\nx, __call__ = lazy.attach()", "no `__all__`"),
        ("__all__ = []\n__version__ = '0.2.1'", "`__version__` repeats the version"),
    ],
)
def test_wrong_init_is_named(tmp_path: Path, init: str, complaint: str) -> None:
    add_package(tmp_path, "my-core", init=init)
    found = check_packages(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize("init", ["__all__: list[str] = []", "import lazy\n__getattr__, __all__ = lazy.attach()"])
def test_every_way_to_set_all_is_accepted(tmp_path: Path, init: str) -> None:
    add_package(tmp_path, "my-core", init=init)
    assert check_packages(tmp_path) == []


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "CHANGELOG.md", "src/my_core/py.typed"])
def test_missing_file_of_a_package_is_named(tmp_path: Path, name: str) -> None:
    add_package(tmp_path, "my-core")
    (tmp_path / "packages/my-core" / name).unlink()
    assert check_packages(tmp_path) == [f"packages/my-core/{name}: missing"]


@pytest.mark.parametrize(
    "text",
    [
        "[a](b.md)",
        "[a](b.md#second-part)",
        "[a](b.md#second-part-1)",
        "# Top\n\n[a](#top)",
        "[a](https://example.org/missing)",
        "![a](folder/a%20b.png)",
        "`[a](missing.md)`",
        "```text\n[a](missing.md)\n```",
        "```python\nx = 1\n```",
        "```console\nnox -s tests lint\nnox -s tests-my-core -- -k one\n```",
    ],
)
def test_right_page_is_accepted(tmp_path: Path, text: str) -> None:
    write(tmp_path, "b.md", "# First\n\n## Second `part`\n\n## Second part\n")
    write(tmp_path, "folder/a b.png", "")
    write(
        tmp_path,
        "noxfile.py",
        "def tests(session: nox.Session) -> None: ...\ndef lint(session: nox.Session) -> None: ...\n",
    )
    write(tmp_path, "packages/my-core/pyproject.toml", "")
    write(tmp_path, "a.md", text)
    assert check_docs(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x\n[a](missing.md)", "a.md:2: `missing.md` does not exist"),
        ("[a](b.md#third)", "a.md:1: `b.md#third` names no heading"),
        ("[a](../outside.md)", "a.md:1: `../outside.md` leaves the repository"),
        ("```python\nx = = 1\n```", "a.md:1: this Python does not parse: invalid syntax"),
        ("```console\nnox -s typo\n```", "a.md:2: no nox session `typo`"),
    ],
)
def test_wrong_page_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    root = tmp_path / "root"
    write(tmp_path, "outside.md", "")
    write(root, "b.md", "# First\n")
    write(root, "a.md", text)
    assert check_docs(root) == [complaint]
