"""What is scored with, as the commands ask for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aqmap.alignment import AlignmentAssessor


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which models, and what is chosen about the equations."""

    preset: str
    parser: str
    scorer: str | None
    device: str
    literal: bool
    calibration: Path | None = None
    """A file of `aqmap fit`; None for the preset's own one."""

    def load(self) -> AlignmentAssessor:
        """Load the assessor."""
        from aqmap import presets
        from aqmap.settings import AlignmentSettings

        settings = AlignmentSettings(literal=self.literal)
        return presets.load(
            self.preset,
            parser=self.parser,
            scorer=self.scorer,
            device=self.device,
            settings=settings,
            calibration=self.calibration,
        )

    def run(self, assessor: AlignmentAssessor) -> dict[str, str]:
        """Return what another run must share to go on with the table of this one."""
        models = {"preset": self.preset, "parser": self.parser, "encoder": assessor.encoder.name}
        scorer = assessor.scorer.name if assessor.scorer else "none"
        settings = {name: str(value) for name, value in asdict(assessor.settings).items()}
        return {**models, "scorer": scorer, **settings}
