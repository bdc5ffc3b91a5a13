"""Files from the net: resumed where they stopped, checked by sha256, never fetched while offline.

`HF_HUB_OFFLINE` and `HF_ENDPOINT` are read at each call. Files of the Hugging Face hub stay in its own
cache, where other programs find them; files of plain addresses, and the lock file that holds unpinned
hub files to their first download, in `GREFINE_CACHE` or else `~/.cache/grefine`.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from grefine_core.errors import InputError, WeightsError
from grefine_core.hub_lock import HubPin, find_pin, record_pin
from grefine_core.weights import WeightsFile, unpinned

_ATTEMPTS = 4
"""Connections that a download of a plain address may take; each goes on where the last broke off."""
_CHUNK = 1 << 20
_TIMEOUT = 30
"""Seconds without a byte after which a connection counts as broken."""
_SHA256 = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


def offline() -> bool:
    """Tell whether the environment forbids the net."""
    values = (os.environ.get(name, "").upper() for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value in ("1", "ON", "TRUE", "YES") for value in values)


def cache_folder() -> Path:
    """Return the folder of our own downloads and of the lock file; it need not exist."""
    named = os.environ.get("GREFINE_CACHE")
    return Path(named).expanduser() if named else _user_cache() / "grefine"


def hub_folder() -> Path:
    """Return the hub's cache folder, as its own library finds it."""
    if named := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    return (Path(home).expanduser() if home else _user_cache() / "huggingface") / "hub"


def _user_cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named).expanduser() if named else Path.home() / ".cache"


def fetch_url(url: str, *, sha256: str, name: str) -> Path:
    """Return the file of an address, downloaded into the cache folder unless it is there.

    Args:
        url: Of http or https.
        sha256: Of the whole file.
        name: Of the file in the cache folder.

    Raises:
        WeightsError: If it is absent while offline, cannot be downloaded, or has another digest.
    """
    path = cache_folder() / name
    return WeightsFile(path, sha256, download=lambda: _download_url(url, path, sha256)).verify()


def _download_url(url: str, path: Path, sha256: str) -> None:
    cure = f"get it with `curl -L -o {path} {url}`, or put it there by other means"
    if offline():
        raise WeightsError(f"File {path} is missing and HF_HUB_OFFLINE forbids to download it; {cure}.")
    part = path.with_name(f"{path.name}.{sha256[:12]}.part")  # never goes on from another version's part
    resumed = part.exists()
    _log.info("Downloading %s", url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(_ATTEMPTS):
            try:
                _append(url, part)
                break
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if attempt == _ATTEMPTS - 1 or isinstance(error, urllib.error.HTTPError):
                    raise
    except (http.client.HTTPException, OSError) as error:  # URLError is an OSError
        raise WeightsError(
            f"{url} cannot be downloaded ({first_line(error)}); try again, which goes on where it stopped, or {cure}."
        ) from error
    found = unpinned(part).sha256
    if found != sha256:
        part.unlink()
        if resumed:  # the beginning may have been damaged here, not there
            return _download_url(url, path, sha256)
        raise WeightsError(f"{url} sent a file with sha256 {found}, expected {sha256}, so it is not kept; {cure}.")
    part.replace(path)
    return None


def _append(url: str, part: Path) -> None:
    """Download what the part lacks; raise if the connection breaks off, the part then being longer."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return  # nothing is missing, or it is no part of this file: the digest will tell
    with response:
        goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
        start = done if goes_on else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        with (
            part.open("ab" if goes_on else "wb") as file,
            _bar_class()(total=total, initial=start, unit="B", unit_scale=True, desc=part.name.split(".")[0]) as bar,
        ):
            while chunk := response.read(_CHUNK):
                bar.update(file.write(chunk))
            if total is not None and file.tell() < total:
                raise http.client.IncompleteRead(b"", total - file.tell())


def _bar_class() -> Any:
    """Return a progress bar on stderr that shows where there is somebody to see it.

    One of our own: the command lines switch off the hub's, together with those of model loading.
    """
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        def __init__(self, *args: Any, **options: Any) -> None:  # the hub's versions differ in what they pass
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": None})

    return Bar


def pinned_file(pin: HubPin) -> WeightsFile:
    """Return a pinned hub file where the hub's cache has it, or would have it; downloads when verified."""
    path = _repository(pin.repo) / "snapshots" / pin.revision / pin.file
    return WeightsFile(path, pin.sha256, download=lambda: _download_hub(pin.repo, pin.file, pin.revision, path))


def _repository(repo: str) -> Path:
    """Return a repository's folder in the hub's cache; the layout is the hub library's and documented."""
    return hub_folder() / f"models--{repo.replace('/', '--')}"


def hub_file(repo: str, files: Sequence[str]) -> WeightsFile:
    """Return the first of the named files that a repository of the hub has, present or not.

    A file without a pin is downloaded now; its commit and sha256 are recorded and hold from then on.

    Raises:
        WeightsError: If no pin tells, and it is absent while offline or cannot be downloaded.
    """
    for file in files:
        if pin := find_pin(cache_folder(), repo, file):
            return pinned_file(pin)
    for file in files:
        pin = _pin_cached(repo, file) or (None if offline() else _pin_remote(repo, file))
        if pin:
            record_pin(cache_folder(), pin)
            _log.info("Recorded sha256 %s of %s %s: later loads are held to it.", pin.sha256, repo, pin.file)
            return pinned_file(pin)
    if offline():
        raise WeightsError(_absent(repo, files[0], "main"))
    raise WeightsError(f"The hub's repository {repo} has no {' or '.join(files)}.")


def _pin_cached(repo: str, file: str) -> HubPin | None:
    """Return the pin of a file that another program has downloaded from the main branch."""
    folder = _repository(repo)
    branch = folder / "refs" / "main"
    if not branch.is_file():
        return None
    revision = branch.read_text(encoding="utf-8").strip()
    path = folder / "snapshots" / revision / file
    if not path.is_file():
        return None
    return _checked_pin(repo, file, revision, path, promised=path.resolve().name)


def _pin_remote(repo: str, file: str) -> HubPin | None:
    """Download a file of the main branch and return its pin; None if the repository has no such file."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        metadata = get_hf_file_metadata(hf_hub_url(repo, file, endpoint=endpoint), endpoint=endpoint)
    except EntryNotFoundError:
        return None
    except Exception as error:
        raise WeightsError(_absent(repo, file, "main", reason=first_line(error))) from error
    revision = str(metadata.commit_hash)
    path = _repository(repo) / "snapshots" / revision / file
    _download_hub(repo, file, revision, path)
    return _checked_pin(repo, file, revision, path, promised=metadata.etag or "")


def _checked_pin(repo: str, file: str, revision: str, path: Path, *, promised: str) -> HubPin:
    """Return the pin of a file; where the hub's tag of it is a sha256, the bytes must have it."""
    found = unpinned(path).sha256
    if _SHA256.fullmatch(promised) and found != promised:
        raise WeightsError(f"Weights file {path} has sha256 {found}, the hub says {promised}; delete it and try again.")
    return HubPin(repo=repo, file=file, revision=revision, sha256=found)


def _download_hub(repo: str, file: str, revision: str, path: Path) -> None:
    if offline():
        raise WeightsError(_absent(repo, file, revision, path=path))
    hub = _hub_library()
    _log.info("Downloading %s of %s", file, repo)
    try:
        hub.hf_hub_download(
            repo,
            file,
            revision=revision,
            cache_dir=hub_folder(),
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            tqdm_class=_bar_class(),
        )
    except Exception as error:
        raise WeightsError(_absent(repo, file, revision, path=path, reason=first_line(error))) from error


def hub_snapshot(repo: str, patterns: Iterable[str]) -> Path:
    """Return a folder with the small files of a repository that fit the patterns, such as a tokenizer's.

    Raises:
        WeightsError: If they are absent while offline, or cannot be downloaded.
    """
    hub = _hub_library()
    try:
        folder = hub.snapshot_download(
            repo,
            allow_patterns=list(patterns),
            cache_dir=hub_folder(),
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            local_files_only=offline(),
        )
    except Exception as error:
        raise WeightsError(
            f"The small files of {repo} are not there ({first_line(error)}); get them with `hf download {repo}` where "
            "there is a network, or use a folder with all files of the model by `local-dir:FOLDER`."
        ) from error
    return Path(folder)


def _hub_library() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise InputError(
            "Downloads from the hub need huggingface_hub; install it with `pip install 'grefine-core[clip]'`."
        ) from error
    return huggingface_hub


def _absent(repo: str, file: str, revision: str, *, path: Path | None = None, reason: str = "") -> str:
    """Return the sentence about a file that is not there and both ways to get it."""
    why = f"cannot be downloaded ({reason})" if reason else "is not downloaded, and HF_HUB_OFFLINE is set"
    place = f"put it at {path}" if path else "put it with its open_clip_config.json into a folder"
    return (
        f"Weights file {file} of {repo} {why}; get it with `hf download {repo} {file} --revision {revision}` where "
        f"there is a network, or {place}, or name a folder that has it by `local-dir:FOLDER`."
    )


def first_line(error: BaseException) -> str:
    """Return the beginning of an error's text, shortened, without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (" ".join(lines[:2]) or type(error).__name__)[:200].rstrip(".:")
