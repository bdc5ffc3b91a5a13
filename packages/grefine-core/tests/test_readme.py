"""The Python code of the README on agreement runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_agreement_works_as_documented(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "measure_agreement" in block]
    exec(compile(code, str(README), "exec"), {})
    assert float(capsys.readouterr().out.split()[0]) == pytest.approx(0.9)
