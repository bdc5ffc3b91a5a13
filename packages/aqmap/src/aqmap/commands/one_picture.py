"""One picture, told in full: phrases, marked prompt, maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aqmap.commands.phrase_maps import check_phrase_maps, write_phrase_maps
from aqmap.commands.prompts import check_words
from grefine_core.cli_support import check_map_file, print_json, say
from grefine_core.errors import InputError

if TYPE_CHECKING:
    from aqmap.commands.models import ModelOptions
    from aqmap.tables.subjects import FindPrompt


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What is written and printed of the picture."""

    map_file: Path | None
    phrase_maps: Path | None
    as_json: bool

    def check(self, picture: Path) -> None:
        """Refuse what could not be written, before anything costly.

        Raises:
            InputError: If a file or folder cannot be written, or would overwrite the picture.
        """
        if self.map_file is not None:
            check_map_file(self.map_file, picture)
        if self.phrase_maps is not None:
            check_phrase_maps(self.phrase_maps)

    def check_none(self) -> None:
        """Refuse files of one picture where there are many.

        Raises:
            InputError: If any is asked for.
        """
        if self.map_file is not None or self.phrase_maps is not None:
            raise InputError("--map and --phrase-maps take one picture file, and no -o.")


def score_picture(picture: Path, find: FindPrompt, model: ModelOptions, outputs: Outputs) -> None:
    """Score one picture and write and print what is asked for.

    Raises:
        InputError: If the picture or its prompt cannot be read, or an output cannot be written.
        WeightsError: If a model cannot be loaded.
    """
    from grefine_core import overlay, read_image, write_atomically

    outputs.check(picture)
    wanted = find(picture)
    check_words(wanted.prompt, wanted.negative)
    image = read_image(picture)
    result = model.load()(image, wanted.prompt, negative=wanted.negative)
    if outputs.map_file is not None:
        drawn = overlay(image.pixels[0], result.map)
        write_atomically(outputs.map_file, lambda file: drawn.save(file, "PNG"))
    if outputs.phrase_maps is not None:
        write_phrase_maps(outputs.phrase_maps, image.pixels[0], result)
    if outputs.as_json:
        print_json({"image": str(picture), "prompt_source": wanted.source, **result.to_json()})
        return
    from aqmap.commands.report import print_report

    if wanted.source != "argument":
        say(f"The prompt is that of {'the text beside the picture' if wanted.source == 'sidecar' else wanted.source}.")
    print_report(result)
