"""The Python code of the README runs as it stands there, with the planted encoder for the preset."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from aqmap import presets
from grefine_core import to_pil

README = Path(__file__).parents[1] / "README.md"


def test_assessing_works_as_documented(planted, parser, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(presets, "load_encoder", lambda *_, **__: planted)
    monkeypatch.setattr(presets, "load_parser", lambda _: parser)
    to_pil(torch.rand(3, 40, 20)).save("picture.png")
    code = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[0]
    exec(compile(code, str(README), "exec"), {})
    told = capsys.readouterr().out
    assert "torch.Size([40, 20])" in told
    assert told.endswith("a (red cat:1.1) (on a hat:1.1)\n")


def test_documented_names_exist() -> None:
    import aqmap

    names = re.findall(r"`(Alignment\w*|load|Tree)\b", README.read_text(encoding="utf-8"))
    assert names
    assert set(names) <= set(aqmap.__all__)
