"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grefine.packs import GROUPS
from grefine.versions import LIBRARIES, OWN_PACKAGES, package_versions
from grefine_core.errors import WeightsError
from grefine_core.presets import Preset, preset_entries

_GET_MINI = "pip install --force-reinstall grefine-mini"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the examination."""

    topic: str
    """Heading that it belongs under."""
    name: str
    state: str
    fix: str = ""
    """What to do about it; empty where all is well."""


def examine(*, verify: bool = False) -> Iterator[Finding]:
    """Look at versions, devices and presets, one finding at a time.

    Args:
        verify: Also compare the sha256 of every weights file, which reads all of them.
    """
    yield Finding(topic="versions", name="python", state=platform.python_version())
    for name, found in package_versions((*OWN_PACKAGES, *LIBRARIES)).items():
        fix = "" if found else f"pip install {name}"
        yield Finding(topic="versions", name=name, state=found or "not installed", fix=fix)
    yield from _devices()
    for group in GROUPS:
        entries = preset_entries(group)
        if not entries:
            yield Finding(topic="presets", name=group, state="none installed", fix=_GET_MINI)
        for name, entry in entries.items():
            yield _examine_preset(f"{group}: {name}", entry.load, verify=verify)


def _devices() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as error:
        yield Finding(topic="devices", name="torch", state=f"cannot be imported: {error}", fix="pip install torch")
        return
    yield Finding(topic="devices", name="cpu", state=f"{torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        yield Finding(topic="devices", name=f"cuda:{index}", state=torch.cuda.get_device_name(index))
    if torch.backends.mps.is_available():
        yield Finding(topic="devices", name="mps", state="available")


def _examine_preset(name: str, load: Callable[[], Preset], *, verify: bool) -> Finding:
    try:
        preset = load()
        files = preset.files()
        missing = [file for file in files if not file.path.is_file()]
        if missing and all(file.download for file in missing):  # the first use brings them: nothing is broken
            return Finding(topic="presets", name=name, state=f"not downloaded: {missing[0].path}")
        if missing:
            raise WeightsError(f"{len(missing)} of {len(files)} files missing: {missing[0].path}")
        if verify:
            for file in files:
                file.verify()
    except Exception as error:  # noqa: BLE001 - a broken pack must not hide what the others have to say
        state = " ".join(str(error).split()) or type(error).__name__
        return Finding(topic="presets", name=name, state=state, fix=_fix(name))
    return Finding(topic="presets", name=name, state=f"{len(files)} files {'intact' if verify else 'there'}")


def _fix(name: str) -> str:
    return _GET_MINI if name.endswith(": mini") else "reinstall the package that offers this preset"
