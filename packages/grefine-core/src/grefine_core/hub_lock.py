"""Which bytes a file of the Hugging Face hub must have: pins known here, and those of a first download."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from grefine_core.errors import WeightsError
from grefine_core.files import write_atomically

LOCK_FILE = "hub-lock.json"
"""In the cache folder: for each file its commit and sha256 when it was first downloaded."""


@dataclass(frozen=True, kw_only=True)
class HubPin:
    """One file of one commit."""

    repo: str
    file: str
    revision: str
    """Commit, 40 hexadecimal digits."""
    sha256: str


# Commits and digests as many public repositories quote them, independently of each other; those of
# ViT-B/32 also as the hub's own metadata (for the large files of a repository its etag is the sha256).
PINS = (
    HubPin(
        repo="timm/vit_base_patch16_clip_224.openai",
        file="open_clip_model.safetensors",
        revision="977e3dd0ec55ab8da155f2fbeb6b5f54948b6e3d",
        sha256="4b8699299b1e8997753c64b052ba32031449d5d853f55a039148560ee02b820f",
    ),
    HubPin(
        repo="timm/vit_large_patch14_clip_224.openai",
        file="open_clip_model.safetensors",
        revision="18d0535469bb561bf468d76c1d73aa35156c922b",
        sha256="9ce2e8a8ebfff3793d7d375ad6d3c35cb9aebf3de7ace0fc7308accab7cd207e",
    ),
    HubPin(
        repo="timm/vit_base_patch32_clip_224.openai",
        file="open_clip_model.safetensors",
        revision="a6f597a30f7b82c51704746581f9a4e41421e878",
        sha256="e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31",
    ),
    HubPin(
        repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        file="open_clip_model.safetensors",
        revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
        sha256="ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
    ),
)


def find_pin(cache: Path, repo: str, file: str) -> HubPin | None:
    """Return the pin of a file: the one known here, else the one recorded in the cache folder.

    Raises:
        WeightsError: If the lock file cannot be read.
    """
    for pin in PINS:
        if (pin.repo, pin.file) == (repo, file):
            return pin
    entry = _read(cache).get(f"{repo}/{file}")
    return None if entry is None else HubPin(repo=repo, file=file, **entry)


def record_pin(cache: Path, pin: HubPin) -> None:
    """Hold a first download to the bytes that came.

    Raises:
        InputError: If the cache folder cannot be written.
    """
    entries = _read(cache) | {f"{pin.repo}/{pin.file}": {"revision": pin.revision, "sha256": pin.sha256}}
    text = json.dumps(entries, indent=2, sort_keys=True) + "\n"
    cache.mkdir(parents=True, exist_ok=True)
    write_atomically(cache / LOCK_FILE, lambda file: file.write(text.encode()))


def _read(cache: Path) -> dict[str, dict[str, str]]:
    path = cache / LOCK_FILE
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: {key: entry[key] for key in ("revision", "sha256")} for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"The lock file {path} is damaged; delete it to trust the next download anew.") from error
