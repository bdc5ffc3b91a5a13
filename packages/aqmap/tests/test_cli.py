from __future__ import annotations

import os
import subprocess
import sys

from typer.testing import CliRunner

from aqmap.cli import app


def test_every_command_is_listed_with_its_first_sentence() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    listed = result.stdout.split("Commands:")[1]
    named = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert named == ["score", "parse", "fit", "eval"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from aqmap.cli import app\n"
        "try: app(['score', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'stanza', 'numpy', 'PIL', 'rich', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip().endswith("[]")
