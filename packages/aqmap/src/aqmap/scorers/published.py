"""Weights that others publish: where they are, which bytes they must have, and under which licence.

None of them comes with this package, and no code of their authors is used. Licences as their pages name
them; those who download them keep to these.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grefine_core import WeightsError, WeightsFile
from grefine_core.downloads import first_line, offline, pinned_file
from grefine_core.hub_lock import HubPin
from grefine_core.weights import unpinned


@dataclass(frozen=True, kw_only=True)
class Published:
    """One file of weights on the Hugging Face hub."""

    pin: HubPin
    size: str
    licence: str
    """Of the weights, by the hub's page, and of what they were made from where that has another."""


# Digests: the git-lfs pointers that the hub shows for these files; those of ImageReward and HPS v2.1 are quoted by
# other public repositories too, and so is that of the vocabulary, which is too small for a pointer. Commits: the
# heads of the repositories.
CLIP_SCORE = Published(
    pin=HubPin(
        repo="timm/vit_base_patch32_clip_224.openai",
        file="open_clip_model.safetensors",
        revision="a6f597a30f7b82c51704746581f9a4e41421e878",
        sha256="e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31",
    ),
    size="0.6 GB",
    licence="Apache-2.0; OpenAI's own, of which they are a copy, MIT",
)
HPS_V2 = Published(
    pin=HubPin(
        repo="xswu/HPSv2",
        file="HPS_v2_compressed.pt",
        revision="697403c78157020a1ae59d23f111aa58ced35b0a",
        sha256="07cb0d20626232204ca3a6ec53ff5984e7e53212a8a7b0e0ec2bac1bdaf125a1",
    ),
    size="2.0 GB",
    licence="Apache-2.0; made from LAION's CLIP ViT-H/14, MIT",
)
HPS_V2_1 = Published(
    pin=HubPin(
        repo="xswu/HPSv2",
        file="HPS_v2.1_compressed.pt",
        revision="697403c78157020a1ae59d23f111aa58ced35b0a",
        sha256="c57a38fb4a2f7e7c15bf00da2ea377cdf165448b4dd1052a484c215a998c9837",
    ),
    size="2.0 GB",
    licence="Apache-2.0; made from LAION's CLIP ViT-H/14, MIT",
)
IMAGE_REWARD = Published(
    pin=HubPin(
        repo="zai-org/ImageReward",  # until 2025 THUDM/ImageReward
        file="ImageReward.pt",
        revision="5736be03b2652728fb87788c9797b0570450ab72",
        sha256="d71dc8d4912bc633c06ab8ef1ef6a81e8199d4369f14b47b29baf1d19de561f6",
    ),
    size="1.8 GB",
    licence="Apache-2.0; made from BLIP, BSD-3-Clause",
)
BERT_VOCABULARY = Published(
    pin=HubPin(
        repo="google-bert/bert-base-uncased",
        file="vocab.txt",
        revision="86b5e0934494bd15c9632b12f734a8a67f723594",
        sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    ),
    size="0.2 MB",
    licence="Apache-2.0",
)
PICK_SCORE = Published(
    pin=HubPin(
        repo="yuvalkirstain/PickScore_v1",
        file="model.safetensors",
        revision="a4e4367c6dfa7288a00c550414478f865b875800",
        sha256="ef31ef6fc5ff4d9bb90dd232df4e145887ba62c5a03aa2841415f8c25f18d52e",
    ),
    size="3.9 GB",
    licence="none named; made from LAION's CLIP ViT-H/14, MIT",
)


def obtain(scorer: str, published: Published, path: Path | None = None) -> WeightsFile:
    """Return intact weights: a local file as it is, else the published one, downloaded if need be.

    Args:
        scorer: For the message.
        published: What is wanted.
        path: A file of any name, or a folder that has the published name.

    Raises:
        WeightsError: If it is absent and cannot be downloaded (the message says how to get it), or altered.
    """
    pin = published.pin
    if path is not None:
        return unpinned(path / pin.file if path.is_dir() else path)
    file = pinned_file(pin)
    try:
        file.verify()
    except WeightsError as error:
        if file.path.is_file():  # it is there, and not what was published
            raise
        why = "HF_HUB_OFFLINE is set" if offline() else first_line(error.__cause__ or error)
        raise WeightsError(
            f"The scorer `{scorer}` needs {pin.file} ({published.size}) of https://huggingface.co/{pin.repo}, which "
            f"cannot be downloaded ({why}); get it with `hf download {pin.repo} {pin.file} --revision {pin.revision}` "
            f"where there is a network, or name a folder that has it by `{scorer}:FOLDER`."
        ) from error
    return file
