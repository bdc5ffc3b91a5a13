"""Write a pack: models in float16 without paths of the machine that made them, and vectors beside their words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tools.parser.pack_models import PARSER_FILE, TAGGER_FILE, TOKENIZER_FILE
from tools.parser.vectors import read_glove, write_vectors

_PLACES = ("save_dir", "wordvec", "_file", "charlm", "checkpoint", "save_name", "data_dir", "conll")


def shrink(source: Path, target: Path) -> None:
    """Copy a stock checkpoint in float16; stanza loads it unchanged and computes in float32."""
    content: dict[str, Any] = torch.load(source, map_location="cpu", weights_only=True)
    content["model"] = {
        name: value.half() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in content["model"].items()
    }
    content["config"] = {
        name: None if isinstance(value, str) and any(part in name for part in _PLACES) else value
        for name, value in content["config"].items()
    }
    for name in ("optimizer_state_dict", "scheduler_state_dict"):
        content.pop(name, None)
    torch.save(content, target, _use_new_zipfile_serialization=False)


def pack(work: Path, treebank: Path, target: Path) -> None:
    """Write all files of the pack from a finished run; the better of last and averaged weights by dev."""
    target.mkdir(parents=True, exist_ok=True)
    for name, file in (("tagger", TAGGER_FILE), ("parser", PARSER_FILE)):
        best = (work / name / "best.txt").read_text(encoding="utf-8").strip()
        shrink(work / name / f"{best}.pt", target / file)
    shrink(work / "tokenizer" / TOKENIZER_FILE, target / TOKENIZER_FILE)
    write_vectors(target, *read_glove(treebank / "glove50-25k.txt.xz"))
    (target / "resources.json").write_text(json.dumps({}) + "\n", encoding="utf-8")
