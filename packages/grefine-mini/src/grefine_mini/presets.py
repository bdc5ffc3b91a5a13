"""What the pack offers under the preset name `mini`; importing this loads no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grefine_core import DiffusionPack, ParserPack, Preset, WeightsFile
from grefine_mini.files import WEIGHTS, own_file, own_files, text_files, trunk_file

if TYPE_CHECKING:
    import torch

    from grefine_core import Encoder

PAIRS_FILE = "pairs.safetensors"
WORKING_SIZE = 256
"""Trained on crops of 96 and 128 pixels, it works at any size; at this one most regions of a 512-pixel picture are seen
pixel for pixel, and 20 steps take seconds."""
MAX_STRENGTH = 0.03
"""It restores from what is there, so noise only hides what it needs: of 58 damaged pictures, two of each kind, the mean
gain was 1.7 dB and 31% got worse at 0.03, 34% at 0.06."""
MILD_PASS = False
"""As small as it is, it mottles pixels that were good: four photographs had 27 to 29 dB after a mild pass (strength
0.1, 10 steps; at 0.03 29 to 32 dB), and their even ground was up to 2.4 times as rough. The guard is no help: the mini
scores rose in one of them (at 0.03 in three)."""
GUIDANCE_SCALE = 1.0
"""None: the model is too small to follow words, and guidance would double its time."""


def _encoder_files() -> list[WeightsFile]:
    return [trunk_file(), *text_files().values(), own_file("heads.safetensors"), *own_files("sight")]


def _load_encoder(*, device: torch.device, dtype: torch.dtype) -> Encoder:
    del dtype  # so small that it always runs in float32
    from grefine_mini.encoder import load

    return load(device=device)


def _load_parser() -> ParserPack:
    files = {file.path.stem: file.verify() for file in own_files("parser/")}
    return ParserPack(
        name="mini",
        language="en",
        folder=WEIGHTS / "parser",
        tokenizer=files["tok"],
        tagger=files["tag"],
        parser=files["parse"],
        vectors=files["vectors"],
        words=files["words"],
    )


def _load_diffusion(*, device: torch.device) -> DiffusionPack:
    from grefine_mini.text import MiniText

    for file in own_files("diffusion/"):
        file.verify()
    return DiffusionPack(
        name="mini",
        folder=WEIGHTS / "diffusion",
        condition=MiniText.load(device=device).condition,
        working_size=WORKING_SIZE,
        guidance_scale=GUIDANCE_SCALE,
        max_strength=MAX_STRENGTH,
        mild_pass=MILD_PASS,
    )


ENCODER = Preset(
    summary="EfficientNet-Lite0 + MiniLM-L6, joined by fitted heads; 448 px, CPU",
    load=_load_encoder,
    files=_encoder_files,
)
PAIRS = Preset(
    summary="quality pairs for the mini encoder",
    load=lambda: own_file(PAIRS_FILE),
    files=lambda: own_files(PAIRS_FILE),
)
PARSER = Preset(
    summary="English stanza pipeline of 13 MB",
    load=_load_parser,
    files=lambda: own_files("parser/"),
)
DIFFUSION = Preset(
    summary="tiny latent inpainting model, 256 px, CPU",
    load=_load_diffusion,
    files=lambda: [*text_files().values(), *own_files("diffusion/")],
)
