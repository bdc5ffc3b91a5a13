"""Stanza's own models by name: brought into our cache folder once, and read from there ever after."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import NoReturn

from aqmap.parsing.stanza_parser import StanzaParser, load_language, resources_version
from grefine_core import InputError, WeightsError
from grefine_core.downloads import cache_folder, first_line, offline

_NAME = re.compile(r"([a-z]{2,3}(?:-[a-z]+)*)(?:/([\w-]+))?")
_DEFAULT_PACKAGE = "default"

_log = logging.getLogger("grefine_core.downloads")  # the command lines show its lines


def models_folder() -> Path:
    """Return the folder of stanza's models, one for each version of its list; it need not exist."""
    return cache_folder() / "stanza" / resources_version()


def load_models(models: str) -> StanzaParser:
    """Load `LANG` or `LANG/PACKAGE`; what is absent is downloaded first, unless `HF_HUB_OFFLINE` forbids it.

    Raises:
        InputError: If it is no such name, or stanza has no such language or package.
        WeightsError: If files are damaged, or absent and cannot be downloaded.
    """
    match = _NAME.fullmatch(models)
    if not match:
        raise InputError(f"Stanza's models are named like `stanza:en` or `stanza:en/gum`, got `stanza:{models}`.")
    language, package, folder = match[1], match[2] or _DEFAULT_PACKAGE, models_folder()
    name = f"stanza:{models}"
    try:
        return load_language(language, package, folder=folder, download=False, name=name)
    except InputError:
        raise
    except OSError as error:  # the list, a model, or what a model is built on
        absent = error
    except Exception as error:  # noqa: BLE001 - raised anew
        _refuse(folder, language, package, f"The models of `{name}` in {folder} cannot be loaded", error)
    cure = (
        f"load `{name}` once where there is a network, as `aqmap parse --parser {name} --prompt cat` does, or copy "
        f"{folder} from a machine that has it"
    )
    if offline():
        raise WeightsError(
            f"The models of `{name}` are not in {folder}, and HF_HUB_OFFLINE forbids to download them; {cure}."
        ) from absent
    _log.info("Downloading the models of %s into %s", name, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return load_language(language, package, folder=folder, download=True, name=name)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - raised anew
        what = f"The models of `{name}` cannot be downloaded into {folder}; {cure}"
        _refuse(folder, language, package, what, error)


def _refuse(folder: Path, language: str, package: str, what: str, error: Exception) -> NoReturn:
    """Raise what fits: the name may be one that stanza does not have."""
    path = folder / "resources.json"
    if path.is_file():
        known = json.loads(path.read_text(encoding="utf-8"))
        listed = known.get(language, {})
        listed = known.get(listed.get("alias"), listed)
        if not listed:
            raise InputError(f"Stanza has no models of the language `{language}`.") from error
        if package not in listed.get("packages", {}) and package not in listed.get("depparse", {}):
            raise InputError(f"Stanza has no parser `{package}` of the language `{language}`.") from error
    raise WeightsError(f"{what} ({first_line(error)}).") from error
