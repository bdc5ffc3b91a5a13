"""What the command lines share: errors in one sentence, and libraries that keep quiet.

Imports nothing heavy, so that `--help` stays fast.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from grefine_core.errors import InputError, WeightsError

P = ParamSpec("P")
R = TypeVar("R")

EXIT_BAD_INPUT = 2
"""Exit code of an error that the caller can repair; 1 is left to crashes."""
EXIT_INTERRUPTED = 130
"""Exit code of a run that the user stops; as shells have it, 128 and the number of the signal."""

_NOISY = ("accelerate", "diffusers", "huggingface_hub", "open_clip", "stanza", "timm", "transformers")
_QUIET_ENVIRONMENT = {
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}


def one_sentence_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: print `InputError` and `WeightsError` as `Error: ...` and exit with 2.

    Anything else is a bug of ours and keeps its traceback. Put it below `@app.command()`; the
    signature stays visible to typer.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        quiet_libraries()
        try:
            return command(*args, **kwargs)
        except (InputError, WeightsError) as error:
            # quoted library errors may span lines; a script that reads stderr expects one
            print("Error:", " ".join(str(error).split()), file=sys.stderr)
            raise SystemExit(EXIT_BAD_INPUT) from None

    return wrapped


def say(text: str) -> None:
    """Print a note on stderr, which leaves stdout to results."""
    print(text, file=sys.stderr)


def print_json(row: Mapping[str, Any]) -> None:
    """Print a row as one line of JSON, at once."""
    print(json.dumps(row), flush=True)


def check_map_file(file: Path, picture: Path) -> None:
    """Refuse an overlay for `--map` that could not be written, before anything costly.

    Raises:
        InputError: If it is no .png, would overwrite the picture, is a folder, or its folder is
            missing or cannot be written.
    """
    from grefine_core.checks import check_output_folder

    if file.suffix.lower() != ".png":
        raise InputError(f"--map writes PNG, so the name must end in .png, got {file.name}.")
    if not file.parent.is_dir():
        raise InputError(f"The folder {file.parent} of --map does not exist.")
    if file.resolve() == picture.resolve():
        raise InputError(f"--map would overwrite the picture {file}.")
    if file.is_dir():
        raise InputError(f"--map names a folder, {file}.")
    check_output_folder(file.parent)


def quiet_libraries() -> None:
    """Silence progress bars, log lines and warnings of the model libraries, and show our own notes.

    Call before they are imported: some read the environment then. What the user has set stays.
    """
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:  # `python -W` is a wish to see them
        for name in _NOISY:
            warnings.filterwarnings("ignore", module=rf"{name}(\.|$)")
    _show_notes()


def _show_notes() -> None:
    """Print the INFO lines of `grefine_core` (which preset is in use) on stderr, once each."""
    logger = logging.getLogger("grefine_core")
    for handler in logger.handlers:
        if isinstance(handler, _Notes):
            return
    logger.addHandler(_Notes())
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


class _Notes(logging.Handler):
    """Write to the stderr of the moment; one bound at creation would be stale where it is replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)
