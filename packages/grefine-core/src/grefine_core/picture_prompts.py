"""The prompt that a picture was made with, as its file or a text beside it tells.

A1111 and its forks write one text: the prompt, a line `Negative prompt: ...`, a line `Steps: ...`.
ComfyUI writes the graph of its nodes, InvokeAI records in three formats that followed each other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grefine_core.comfyui_graph import find_prompt, read_graph
from grefine_core.errors import InputError
from grefine_core.picture_text import MAX_TEXT, read_texts

PromptSource = Literal["A1111", "ComfyUI", "InvokeAI", "sidecar"]
"""The program that wrote the prompt into the picture, or the text file beside it."""
PromptPlace = Literal["metadata", "sidecar"]
"""Where to look: in the picture itself, or in the text file beside it."""

_KEYS = ("parameters", "UserComment", "invokeai_metadata", "sd-metadata", "Dream", "prompt", "Make", "Model")
"""Texts that may hold a prompt. ComfyUI's `workflow`, the drawing of its graph, is not among them."""
_TAGGED = "prompt:"
"""How ComfyUI begins the EXIF tag that holds a graph."""
_SETTINGS = re.compile(r"Steps: \d+(,|$)")
_NEGATIVE = "Negative prompt:"
_UNWANTED = re.compile(r"\[([^\[\]]*)\]")
"""What old InvokeAI prompts do not want."""
_DREAM = re.compile(r'"(.*)"(?:\s+-.*)?', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class EmbeddedPrompt:
    """What a picture should show, by its own account."""

    prompt: str
    """As the program has it, weights and all; never blank."""
    negative: str | None
    """What is not wanted; None if nothing is named."""
    source: PromptSource


def read_prompt(path: Path, place: PromptPlace) -> EmbeddedPrompt:
    """Return the prompt of a picture.

    Args:
        path: The picture.
        place: Where to look for it.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    if place == "metadata":
        found = embedded_prompt(path)
        if found is None:
            raise InputError(f"{path} holds no prompt of A1111, ComfyUI or InvokeAI.")
        return found
    found = sidecar_prompt(path)
    if found is None:
        raise InputError(f"{path} has no prompt beside it, neither {path.name}.txt nor {path.stem}.txt.")
    return found


def embedded_prompt(path: Path) -> EmbeddedPrompt | None:
    """Return the prompt that A1111, ComfyUI or InvokeAI has written into a picture; None where none has.

    Raises:
        InputError: If the file is no picture, or what such a program wrote there is malformed, too long,
            or a graph in which no text leads to the sampler.
    """
    texts = read_texts(path, _KEYS)
    for key in ("parameters", "UserComment"):
        found = _from_infotext(texts.get(key, ""), "A1111", certain=key == "parameters")
        if found is not None:
            return found
    if "invokeai_metadata" in texts:
        record = _record(texts["invokeai_metadata"], "invokeai_metadata", path)
        return _made(record.get("positive_prompt"), record.get("negative_prompt"), "InvokeAI")
    if "sd-metadata" in texts:
        image = _record(texts["sd-metadata"], "sd-metadata", path).get("image")
        return _from_brackets(_old_prompt(image, path))
    if "Dream" in texts:
        match = _DREAM.fullmatch(texts["Dream"].strip())
        if match is None:
            raise InputError(f"The text `Dream` of {path} should begin with a prompt in quotation marks.")
        return _from_brackets(match[1])
    return _from_graph(texts, path)


def sidecar_prompt(path: Path) -> EmbeddedPrompt | None:
    """Return the prompt in the text file beside a picture, `a.png.txt` or `a.txt`; None where there is none.

    The file is in UTF-8. It may be the one that A1111 writes, with lines for the negative prompt and the settings.

    Raises:
        InputError: If it cannot be read, is not in UTF-8, blank, or longer than `MAX_TEXT`.
    """
    for file in (path.with_name(f"{path.name}.txt"), path.with_suffix(".txt")):
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_TEXT + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}.") from error
        if len(content) > MAX_TEXT:
            raise InputError(f"{file} has more than {MAX_TEXT} bytes, which is no prompt.")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{file} is not in UTF-8: byte {error.start} cannot be read.") from error
        found = _from_infotext(text, "sidecar", certain=True)
        if found is None:
            raise InputError(f"{file} holds no prompt.")
        return found
    return None


def _from_infotext(text: str, source: PromptSource, *, certain: bool) -> EmbeddedPrompt | None:
    """Return the prompt of a text such as A1111 writes.

    Args:
        text: Prompt, negative prompt, settings, and whatever extensions add behind them.
        source: Where it comes from.
        certain: Whether it is a prompt even without settings; cameras too write comments.
    """
    lines = text.replace("\r\n", "\n").strip().split("\n")
    ends = [number for number, line in enumerate(lines) if _SETTINGS.match(line.strip())]
    if not (ends or certain) or _is_record(text):
        return None
    lines = lines[: ends[-1]] if ends else lines
    negative = next((number for number, line in enumerate(lines) if line.strip().startswith(_NEGATIVE)), len(lines))
    unwanted = "\n".join(lines[negative:]).strip().removeprefix(_NEGATIVE)
    return _made("\n".join(lines[:negative]), unwanted, source)


def _is_record(text: str) -> bool:
    """Say whether a text is JSON, which programs other than A1111 keep in the same place."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _record(text: str, key: str, path: Path) -> dict[str, Any]:
    """Return the JSON object of a text."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The text `{key}` of {path} is no JSON: {str(error).rstrip('.')}.") from error
    if not isinstance(record, dict):
        raise InputError(f"The text `{key}` of {path} must be a JSON object, got {type(record).__name__}.")
    return record


def _old_prompt(image: object, path: Path) -> str:
    """Return the prompt in `sd-metadata`: a text, or a list of weighted ones."""
    prompt = image.get("prompt") if isinstance(image, dict) else None
    if isinstance(prompt, list):
        parts = [part.get("prompt") for part in prompt if isinstance(part, dict)]
        prompt = ", ".join(part for part in parts if isinstance(part, str))
    if not isinstance(prompt, str):
        raise InputError(f"The text `sd-metadata` of {path} has no prompt where InvokeAI keeps it.")
    return prompt


def _from_brackets(prompt: str) -> EmbeddedPrompt | None:
    """Return an old InvokeAI prompt, in which brackets hold what is not wanted."""
    unwanted = ", ".join(part.strip() for part in _UNWANTED.findall(prompt))
    return _made(" ".join(_UNWANTED.sub(" ", prompt).split()), unwanted, "InvokeAI")


def _from_graph(texts: dict[str, str], path: Path) -> EmbeddedPrompt | None:
    """Return the prompt of a ComfyUI graph: a text of a PNG, or a tag with a prefix in other formats."""
    tagged = [
        texts[key].removeprefix("prompt:") for key in ("Model", "Make") if texts.get(key, "").startswith("prompt:")
    ]
    text = texts.get("prompt", tagged[0] if tagged else None)
    if text is None:
        return None
    graph = read_graph(_record(text, "prompt", path))
    if not graph:
        raise InputError(f"The text `prompt` of {path} is no graph of ComfyUI: it has no nodes.")
    found = find_prompt(graph)
    if found is None:
        raise InputError(f"In the ComfyUI graph of {path} no text leads to the sampler; give the prompt yourself.")
    return _made(*found, "ComfyUI")


def _made(prompt: object, negative: object, source: PromptSource) -> EmbeddedPrompt | None:
    """Return the record; None if there is no prompt."""
    wanted, unwanted = (text.replace("\0", "").strip() if isinstance(text, str) else "" for text in (prompt, negative))
    return EmbeddedPrompt(prompt=wanted, negative=unwanted or None, source=source) if wanted else None
