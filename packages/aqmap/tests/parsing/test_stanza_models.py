from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aqmap.parsing import stanza_models
from aqmap.parsing.stanza_models import load_models, models_folder
from grefine_core import InputError, ParserPack, WeightsError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GREFINE_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    return tmp_path


@pytest.fixture
def downloaded(cache: Path, stanza_pack: ParserPack) -> Path:
    """Lay out the small pack as stanza lays out what it downloads."""
    folder = models_folder()
    files = {"tokenize": stanza_pack.tokenizer, "pos": stanza_pack.tagger, "depparse": stanza_pack.parser}
    for processor, source in files.items():
        target = folder / "en" / processor / "tiny.pt"
        target.parent.mkdir(parents=True)
        target.write_bytes(source.read_bytes())
    vectors = torch.load(stanza_pack.vectors, weights_only=True)
    (folder / "en" / "pretrain").mkdir()
    torch.save(vectors | {"emb": vectors["emb"].float()}, folder / "en" / "pretrain" / "tiny.pt")
    needs = {"dependencies": [{"model": "pretrain", "package": "tiny"}]}
    english = {processor: {"tiny": {"md5": md5(path)} | needs} for processor, path in files.items()}
    english["tokenize"]["tiny"].pop("dependencies")
    package = dict.fromkeys(files, "tiny") | {"lemma": "identity"}
    english |= {"packages": {"default": package, "tokens": {"tokenize": "tiny"}}, "lang_name": "English", "lemma": {}}
    resources = {"en": english, "english": {"alias": "en"}, "url": "http://nowhere.invalid/{filename}"}
    (folder / "resources.json").write_text(json.dumps(resources), encoding="utf-8")
    return folder


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


class Loader:
    """Stands in for `load_language`: files are absent until they are downloaded."""

    def __init__(self, error: Exception | None = None) -> None:
        self.there, self.error = False, error
        self.calls: list[bool] = []

    def __call__(self, language: str, package: str, *, download: bool, name: str, **_: Any) -> str:
        self.calls.append(download)
        if download and self.error:
            raise self.error
        if not (self.there or download):
            raise FileNotFoundError("resources.json")
        self.there = True
        return f"{language} {package} {name}"


def test_models_in_the_cache_are_loaded_without_the_network(downloaded: Path, no_network: None) -> None:
    parser = load_models("en")
    (tree,) = parser.parse(["a red cat on a mat"])
    assert parser.name == "stanza:en"
    assert [token.text for token in tree.tokens] == ["a", "red", "cat", "on", "a", "mat"]
    assert tree.roots == (2,)


def test_models_are_downloaded_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Loader()
    monkeypatch.setattr(stanza_models, "load_language", loader)
    assert load_models("de/gsd") == "de gsd stanza:de/gsd"
    assert load_models("de") == "de default stanza:de"
    assert loader.calls == [False, True, False]


def test_absent_models_say_how_to_get_them_when_offline(
    cache: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        WeightsError, match=r"`stanza:en` are not in .*HF_HUB_OFFLINE.*`aqmap parse --parser stanza:en "
    ):
        load_models("en")


def test_failed_download_says_why_and_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stanza_models, "load_language", Loader(ConnectionError("no route to host")))
    with pytest.raises(
        WeightsError, match=r"cannot be downloaded into .*; load `stanza:en` once.*\(no route to host\)"
    ):
        load_models("en")


def test_damaged_model_is_no_reason_to_download(downloaded: Path, no_network: None) -> None:
    (downloaded / "en" / "pos" / "tiny.pt").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"`stanza:en` in .* cannot be loaded"):
        load_models("en")


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("xx", r"no models of the language `xx`"),
        ("en/no-such", r"no parser `no-such` of the language `en`"),
        ("en/tokens", r"`tokens` of `en` has no pos and no depparse"),
        ("EN us", r"named like `stanza:en` or `stanza:en/gum`, got `stanza:EN us`"),
    ],
)
def test_name_that_stanza_lacks_is_refused(downloaded: Path, models: str, message: str, no_network: None) -> None:
    with pytest.raises(InputError, match=message):
        load_models(models)
