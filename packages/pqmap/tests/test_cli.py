from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from pqmap.cli import app


def test_every_command_is_listed_with_its_first_sentence() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    listed = result.stdout.split("Commands:")[1]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == [
        "score",
        "rank",
        "triage",
        "fit",
        "eval",
        "info",
        "pairs",
    ]


def test_command_line_imports_nothing_heavy() -> None:
    code = "import sys, pqmap.cli; print(sorted({'torch', 'numpy', 'PIL', 'scipy', 'transformers'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_import_of_the_package_does_not_import_torch() -> None:
    code = "import sys, pqmap; print('torch' in sys.modules, sorted(pqmap.__all__)[:1])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False ['ALPHA']"
