from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grefine_core import WeightsError, downloads
from grefine_core.downloads import fetch_url, hub_file, hub_folder, hub_snapshot
from grefine_core.hub_lock import LOCK_FILE

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "c" * 40
WEIGHTS = "open_clip_model.safetensors"


@dataclass
class Server:
    """What the server offers, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and Range of each."""
    cut: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off."""
    ranges: bool = True
    etag: str | None = None
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends files with the headers that the hub's library reads."""

    state: Server

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        state, wanted = self.state, self.headers["Range"]
        state.requests.append((self.command, self.path, wanted))
        content = state.files.get(self.path.split("?")[0])
        if content is None:
            return self.start(404, {"X-Error-Code": "EntryNotFound", "Content-Length": "0"})
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and state.ranges else 0
        if start >= len(content):
            return self.start(416, {"Content-Length": "0"})
        headers = {
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{state.etag or hashlib.sha256(content).hexdigest()}"',
            "Content-Length": str(len(content) - start),
            "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}",
        }
        self.start(206 if start else 200, headers)
        if body:
            self.wfile.write(content[start : start + state.cut.pop(0) if state.cut else None])
        return None

    def start(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve files on this machine."""
    state = Server()
    handler = type("Own", (Handler,), {"state": state})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        state.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> Path:
    """Give each test its own caches, and a net."""
    monkeypatch.setenv("GREFINE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def hub(server, monkeypatch) -> Server:
    """Let the hub's library ask the server; it reads these variables when it is imported."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra `clip`")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    server.files[f"/org/clip/resolve/main/{WEIGHTS}"] = CONTENT
    server.files[f"/org/clip/resolve/{COMMIT}/{WEIGHTS}"] = CONTENT
    return server


def asked(server: Server, method: str = "GET") -> list[str | None]:
    return [wanted for made, _, wanted in server.requests if made == method]


def test_address_is_downloaded_once(server, caches) -> None:
    server.files["/w.pth"] = CONTENT
    path = fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    assert path == caches / "own" / "w.pth"
    assert path.read_bytes() == CONTENT
    assert fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth") == path
    assert len(server.requests) == 1
    assert [file.name for file in path.parent.iterdir()] == ["w.pth"]


def test_broken_download_goes_on_where_it_stopped(server) -> None:
    server.files["/w.pth"], server.cut = CONTENT, [1000, 2000]
    assert fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth").read_bytes() == CONTENT
    assert asked(server) == [None, "bytes=1000-", "bytes=3000-"]


def test_part_of_an_earlier_run_is_gone_on_with(server, monkeypatch) -> None:
    server.files["/w.pth"], server.cut = CONTENT, [1000]
    monkeypatch.setattr(downloads, "_ATTEMPTS", 1)
    with pytest.raises(WeightsError, match=r"cannot be downloaded .*try again, which goes on where it stopped"):
        fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    assert asked(server) == [None, "bytes=1000-"]


def test_server_that_cannot_resume_sends_all_again(server) -> None:
    server.files["/w.pth"], server.cut, server.ranges = CONTENT, [1000], False
    assert fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth").read_bytes() == CONTENT


def test_damaged_part_is_thrown_away(server, caches) -> None:
    server.files["/w.pth"] = CONTENT
    (caches / "own").mkdir()
    part = caches / "own" / f"w.pth.{SHA256[:12]}.part"
    for damaged in (b"x" * 500, b"x" * 90000):  # the second is longer than the file
        part.write_bytes(damaged)
        assert fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth").read_bytes() == CONTENT
        (caches / "own" / "w.pth").unlink()


def test_file_with_another_digest_is_not_kept(server, caches) -> None:
    server.files["/w.pth"] = b"something else"
    with pytest.raises(WeightsError, match=f"sent a file with sha256 .*, expected {SHA256}, so it is not kept"):
        fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    assert list((caches / "own").iterdir()) == []


def test_altered_file_in_the_cache_is_refused(server, caches) -> None:
    (caches / "own").mkdir()
    (caches / "own" / "w.pth").write_bytes(b"altered")
    with pytest.raises(WeightsError, match=f"expected {SHA256}; delete it to have it downloaded again"):
        fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    assert server.requests == []


def test_absent_address_is_asked_for_once(server) -> None:
    with pytest.raises(WeightsError, match=r"HTTP Error 404.*`curl -L -o .*w\.pth http"):
        fetch_url(server.url + "/w.pth", sha256=SHA256, name="w.pth")
    assert len(server.requests) == 1


def test_no_address_is_asked_while_offline(no_network, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"w\.pth is missing and HF_HUB_OFFLINE forbids.*`curl .*or put it there"):
        fetch_url("https://example.org/w.pth", sha256=SHA256, name="w.pth")


def test_first_download_from_the_hub_is_recorded_and_holds(hub, caches) -> None:
    file = hub_file("org/clip", [WEIGHTS])
    assert file.verify().read_bytes() == CONTENT
    assert file.sha256 == SHA256
    lock = json.loads((caches / "own" / LOCK_FILE).read_text(encoding="utf-8"))
    assert lock == {f"org/clip/{WEIGHTS}": {"revision": COMMIT, "sha256": SHA256}}
    count = len(hub.requests)
    assert hub_file("org/clip", [WEIGHTS]).verify() == file.path
    assert len(hub.requests) == count
    file.path.resolve().write_bytes(b"altered")
    with pytest.raises(WeightsError, match=f"expected {SHA256}"):
        hub_file("org/clip", [WEIGHTS]).verify()


def test_recorded_file_is_downloaded_again_from_its_commit(hub) -> None:
    file = hub_file("org/clip", [WEIGHTS])
    file.path.unlink()
    hub.files[f"/org/clip/resolve/main/{WEIGHTS}"] = b"a newer version"
    assert hub_file("org/clip", [WEIGHTS]).verify().read_bytes() == CONTENT


def test_bytes_that_the_hub_did_not_promise_are_refused(hub, caches) -> None:
    hub.etag = "a" * 64
    with pytest.raises(WeightsError, match="sha256"):
        hub_file("org/clip", [WEIGHTS])
    assert not (caches / "own" / LOCK_FILE).exists()


def test_second_name_is_taken_where_the_repository_lacks_the_first(hub) -> None:
    assert hub_file("org/clip", ["absent.safetensors", WEIGHTS]).path.name == WEIGHTS
    with pytest.raises(WeightsError, match=r"org/clip has no a\.bin or b\.bin"):
        hub_file("org/clip", ["a.bin", "b.bin"])


def test_file_that_another_program_downloaded_is_used_offline_and_recorded(hub, caches, monkeypatch) -> None:
    from huggingface_hub import hf_hub_download

    hf_hub_download("org/clip", WEIGHTS, cache_dir=hub_folder(), endpoint=hub.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    count = len(hub.requests)
    assert hub_file("org/clip", [WEIGHTS]).verify().read_bytes() == CONTENT
    assert len(hub.requests) == count
    assert (caches / "own" / LOCK_FILE).exists()


def test_hub_is_not_asked_while_offline(no_network, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError) as caught:
        hub_file("org/clip", [WEIGHTS])
    message = str(caught.value)
    assert f"{WEIGHTS} of org/clip is not downloaded, and HF_HUB_OFFLINE is set" in message
    assert "`hf download org/clip" in message
    assert "`local-dir:FOLDER`" in message


def test_hub_that_cannot_be_reached_is_said_with_both_cures(hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        WeightsError, match=r"cannot be downloaded \(.+\); get it with `hf download.*`local-dir:FOLDER`"
    ):
        hub_file("org/clip", [WEIGHTS])


def test_small_files_of_a_repository_come_as_a_folder(hub) -> None:
    hub.files["/org/words/resolve/main/tokenizer.json"] = b"{}"
    hub.files[f"/org/words/resolve/{COMMIT}/tokenizer.json"] = b"{}"
    siblings = [{"rfilename": "tokenizer.json"}, {"rfilename": "model.bin"}]
    answer = {"id": "org/words", "sha": COMMIT, "siblings": siblings}
    hub.files["/api/models/org/words/revision/main"] = json.dumps(answer).encode()
    tree = [{"type": "file", "path": s["rfilename"], "size": 2, "oid": "e" * 40} for s in siblings]
    hub.files[f"/api/models/org/words/tree/{COMMIT}"] = json.dumps(tree).encode()
    folder = hub_snapshot("org/words", ["*.json"])
    assert [file.name for file in folder.iterdir()] == ["tokenizer.json"]


def test_absent_small_files_are_said_offline(no_network, monkeypatch) -> None:
    pytest.importorskip("huggingface_hub", reason="needs the extra `clip`")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"small files of org/words are not there .*`hf download org/words`"):
        hub_snapshot("org/words", ["*.json"])


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HF_HUB_CACHE": "/a"}, "/a"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_hub_cache_is_where_its_library_has_it(monkeypatch, environment, folder) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert hub_folder() == Path(folder)
