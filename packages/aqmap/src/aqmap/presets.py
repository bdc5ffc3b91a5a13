"""Models by their names, joined to an assessor."""

from __future__ import annotations

from pathlib import Path

from aqmap.alignment import AlignmentAssessor
from aqmap.calibration import calibrate
from aqmap.parsing.parser import load_parser
from aqmap.scorers.scorer import load_scorer
from aqmap.settings import AlignmentSettings
from grefine_core import load_encoder


def load(
    preset: str = "mini",
    *,
    parser: str = "mini",
    scorer: str | None = None,
    device: str = "auto",
    settings: AlignmentSettings | None = None,
    calibration: str | Path | None = None,
) -> AlignmentAssessor:
    """Load the encoder and the parser of installed presets.

    Args:
        preset: Encoder; `mini` comes with `pip install aqmap[mini]`, works offline and on a CPU.
        parser: See `load_parser`; it always runs on the CPU.
        scorer: See `load_scorer`; None lets the encoder score the whole prompt.
        device: Of the encoder and the scorer: `auto`, or a name that torch knows, such as `cpu` or `cuda:1`.
        settings: The defaults if None.
        calibration: A file of `aqmap fit`, whose three numbers count before those of `settings`. None is
            the preset's own one, if it has any and `settings` says nothing of the three.

    Raises:
        InputError: If a preset is not installed or the device is absent.
        WeightsError: If a file is absent or altered, or a calibration is for another encoder.
    """
    # first the scorer: its weights are the likeliest to be absent, and that shows before anything costly
    own = None if scorer is None else load_scorer(scorer, device=device)
    encoder = load_encoder(preset, device=device)
    return AlignmentAssessor(
        encoder,
        load_parser(parser),
        calibrate(settings or AlignmentSettings(), preset, encoder, path=calibration),
        scorer=own,
    )
