"""A method that has no maintained package, run by a command of the user's on a folder of pictures."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from grefine.optimizers.optimizer import OptimizerInfo
from grefine_core import InputError, read_image, resize, write_image
from grefine_core.downloads import first_line

PLACES = ("input", "output", "prompts", "steps", "seed")
"""What may stand in braces in a command."""
NEEDED = ("input", "output")
PROMPTS = "prompts.jsonl"
"""One JSON object a picture: `file` and `prompt`."""
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One picture for a command."""

    id: str
    """Becomes its file's name: letters, digits, `-` and `_`."""
    pixels: Tensor
    """Shape (1, 3, H, W), float32 in [0, 1]."""
    prompt: str


@dataclass(frozen=True, kw_only=True)
class FolderCommand:
    """Runs a command on all pictures at once; no shell is involved.

    The command gets a folder of PNG files as `{input}`, an empty one as `{output}`, and a file of prompts
    as `{prompts}`, besides `{steps}` and `{seed}`. It must write one picture for each, of the same name
    without the ending; what has another size is resized.
    """

    info: OptimizerInfo
    command: str
    steps: int

    def __post_init__(self) -> None:
        for place in NEEDED:
            if f"{{{place}}}" not in self.command:
                raise InputError(f"The command of `{self.info.key}` must contain {{{place}}}, got `{self.command}`.")
        if not self._words():
            raise InputError(f"The command of `{self.info.key}` names no program.")

    @property
    def name(self) -> str:
        """Optimizer, command and steps."""
        return f"{self.info.key}:{self.command}:{self.steps}"

    def optimize_all(self, jobs: Sequence[Job], folder: Path, *, seed: int) -> list[Tensor | InputError]:
        """Return a picture for each, or why there is none.

        Args:
            jobs: Pictures with different ids.
            folder: Where input and output may lie; it is made.
            seed: Passed on.

        Raises:
            InputError: If the program is not there or ends with an error.
        """
        source, target = folder / "input", folder / "output"
        for made in (source, target):
            made.mkdir(parents=True, exist_ok=True)
            for old in made.iterdir():  # of a run that was stopped
                if old.is_file():
                    old.unlink()
        lines = []
        for job in jobs:
            write_image(source / f"{job.id}.png", job.pixels)
            lines.append(json.dumps({"file": f"{job.id}.png", "prompt": job.prompt}, ensure_ascii=False))
        prompts = folder / PROMPTS
        prompts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        values = {"input": source, "output": target, "prompts": prompts, "steps": self.steps, "seed": seed}
        self._run({place: str(value) for place, value in values.items()})
        return [self._read(target, job) for job in jobs]

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.command)
        except ValueError as error:
            raise InputError(f"The command of `{self.info.key}` cannot be read: {error}.") from error

    def _run(self, values: dict[str, str]) -> None:
        words = self._words()
        for place, value in values.items():
            words = [word.replace(f"{{{place}}}", value) for word in words]
        try:
            done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            raise InputError(f"The command of `{self.info.key}` cannot be run: {first_line(error)}.") from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            raise InputError(f"The command of `{self.info.key}` ended with {done.returncode}: {said}")

    def _read(self, folder: Path, job: Job) -> Tensor | InputError:
        found = [folder / f"{job.id}{ending}" for ending in _ENDINGS if (folder / f"{job.id}{ending}").is_file()]
        if not found:
            return InputError(f"The command of `{self.info.key}` wrote no picture {job.id}.")
        try:
            pixels = read_image(found[0]).pixels
        except InputError as error:
            return error
        return resize(pixels, (job.pixels.shape[2], job.pixels.shape[3])).clamp(0, 1)
