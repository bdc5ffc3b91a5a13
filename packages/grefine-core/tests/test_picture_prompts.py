from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grefine_core import EmbeddedPrompt, InputError, embedded_prompt, read_prompt, sidecar_prompt
from grefine_core.picture_text import MAX_TEXT

A1111 = "a (red cat:1.2), <lora:x:1>\non a mat\nNegative prompt: hands,\nbad feet\nSteps: 20, Sampler: Euler a, Seed: 1"
WANTED = EmbeddedPrompt(prompt="a (red cat:1.2), <lora:x:1>\non a mat", negative="hands,\nbad feet", source="A1111")


@pytest.fixture
def png(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a picture with text chunks: `png(parameters="a cat")`."""

    def write(packed: bool = False, **texts: str) -> Path:
        info = PngInfo()
        for key, text in texts.items():
            info.add_text(key.replace("_", "-") if key == "sd_metadata" else key, text, zip=packed)
        Image.new("RGB", (3, 2)).save(tmp_path / "picture.png", pnginfo=info)
        return tmp_path / "picture.png"

    return write


def with_comment(path: Path, comment: bytes) -> Path:
    exif = Image.Exif()
    exif[0x0131] = "a program"  # Pillow takes a block without tags of its own for an empty one
    exif.get_ifd(0x8769)[0x9286] = comment
    Image.new("RGB", (3, 2)).save(path, exif=exif)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_a1111_text_is_parted_into_prompt_negative_and_settings(png: Any, packed: bool) -> None:
    assert embedded_prompt(png(parameters=A1111, packed=packed)) == WANTED


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        ("a cat", "a cat", None),
        ("a cat\nSteps: 20, Seed: 1", "a cat", None),
        ("a cat\r\nNegative prompt: dog\r\nSteps: 20, Seed: 1", "a cat", "dog"),
        ("größe, 猫, 🐈\nNegative prompt:\nSteps: 1, Seed: 1", "größe, 猫, 🐈", None),
        ("a cat\nSteps: 20, Seed: 1\nTemplate: {a|b} cat", "a cat", None),
        ("Steps: of stone, a cat\nSteps: 20, Seed: 1", "Steps: of stone, a cat", None),
        ("{red|blue} cat\nSteps: 20, Seed: 1", "{red|blue} cat", None),
    ],
)
def test_a1111_texts_as_they_occur(png: Any, text: str, prompt: str, negative: str | None) -> None:
    assert embedded_prompt(png(parameters=text)) == EmbeddedPrompt(prompt=prompt, negative=negative, source="A1111")


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".png"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + A1111.encode("utf-16-be"),
        b"UNICODE\0" + A1111.encode("utf-16-le"),
        b"UNICODE\0" + A1111.encode("utf-16"),
        b"ASCII\0\0\0" + A1111.encode(),
        A1111.encode(),
    ],
)
def test_a1111_comment_is_read_in_every_encoding(tmp_path: Path, suffix: str, comment: bytes) -> None:
    assert embedded_prompt(with_comment(tmp_path / f"picture{suffix}", comment)) == WANTED


def test_comment_of_a_camera_is_no_prompt(tmp_path: Path) -> None:
    assert embedded_prompt(with_comment(tmp_path / "photo.jpg", b"ASCII\0\0\0Screenshot")) is None


def test_text_behind_the_pixels_is_found(png: Any, png_chunk: Any) -> None:
    path = png()
    content = path.read_bytes()
    path.write_bytes(content[:-12] + png_chunk(b"tEXt", b"parameters\0a cat") + content[-12:])
    assert embedded_prompt(path).prompt == "a cat"


def graph(**changes: Any) -> dict[str, Any]:
    return {
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "seed": 1,
                "model": ["4", 0],
                "positive": ["6", 0],
                "negative": ["7", 0],
                "latent_image": ["5", 0],
            },
        },
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 8}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red cat", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "hands", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
        **changes,
    }


def test_comfyui_graph_is_followed_from_the_sampler(png: Any) -> None:
    expected = EmbeddedPrompt(prompt="a red cat", negative="hands", source="ComfyUI")
    assert embedded_prompt(png(prompt=json.dumps(graph()), workflow="{broken")) == expected


def test_comfyui_graph_in_webp_is_found(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(graph())
    exif[0x010F] = "workflow:{}"
    Image.new("RGB", (3, 2)).save(tmp_path / "picture.webp", exif=exif)
    assert embedded_prompt(tmp_path / "picture.webp").prompt == "a red cat"


def test_text_that_a_node_has_saved_goes_before_its_graph(png: Any) -> None:
    assert embedded_prompt(png(parameters="a dog", prompt=json.dumps(graph()))).prompt == "a dog"


@pytest.mark.parametrize(
    ("texts", "prompt", "negative"),
    [
        ({"invokeai_metadata": '{"positive_prompt": "a cat", "negative_prompt": "dog"}'}, "a cat", "dog"),
        ({"invokeai_metadata": '{"positive_prompt": "a cat", "negative_prompt": null}'}, "a cat", None),
        ({"sd_metadata": '{"image": {"prompt": [{"prompt": "a cat [dog]", "weight": 1}]}}'}, "a cat", "dog"),
        ({"sd_metadata": '{"image": {"prompt": "a [dog] cat [hat]"}}', "Dream": "x"}, "a cat", "dog, hat"),
        ({"Dream": '"a "big" cat [dog]" -s50 -W512 -Ak_lms'}, 'a "big" cat', "dog"),
        ({"Dream": '"a cat"'}, "a cat", None),
    ],
)
def test_invokeai_formats_are_read(png: Any, texts: Any, prompt: str, negative: str | None) -> None:
    assert embedded_prompt(png(**texts)) == EmbeddedPrompt(prompt=prompt, negative=negative, source="InvokeAI")


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"parameters": " \n"},
        {"parameters": "Negative prompt: hands\nSteps: 20, Seed: 1"},
        {"parameters": '{"sui_image_params": {"prompt": "a cat"}}'},
        {"invokeai_metadata": "{}"},
        {"Title": "a cat", "workflow": "{}"},
    ],
)
def test_picture_without_a_prompt_gives_none(png: Any, texts: Any) -> None:
    assert embedded_prompt(png(**texts)) is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"prompt": "{"}, "The text `prompt` of .* is no JSON: "),
        ({"prompt": "[" * 100_000}, "The text `prompt` of .* is no JSON: "),
        ({"prompt": "[]"}, "The text `prompt` of .* must be a JSON object, got list"),
        ({"prompt": '{"1": 2, "3": {"inputs": 4}}'}, "is no graph of ComfyUI: it has no nodes"),
        ({"prompt": '{"1": {"class_type": "SaveImage", "inputs": {}}}'}, "no text leads to the sampler"),
        ({"invokeai_metadata": "x"}, "The text `invokeai_metadata` of .* is no JSON"),
        ({"sd_metadata": '{"image": 3}'}, "The text `sd-metadata` of .* has no prompt where InvokeAI keeps it"),
        ({"Dream": "a cat -s50"}, "The text `Dream` of .* should begin with a prompt in quotation marks"),
        ({"parameters": "a" * (MAX_TEXT + 1)}, f"holds a text of more than {MAX_TEXT} bytes"),
    ],
)
def test_malformed_text_is_one_sentence_that_names_the_file(png: Any, texts: Any, message: str) -> None:
    path = png(**texts)
    with pytest.raises(InputError, match=message) as caught:
        embedded_prompt(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_that_unpacks_without_end_is_refused(png: Any) -> None:
    path = png(parameters="a" * 50_000_000, packed=True)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=f"more than {MAX_TEXT} bytes"):
        embedded_prompt(path)


def test_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("a note")
    with pytest.raises(InputError, match=r"note\.png is not a picture that can be read\."):
        embedded_prompt(tmp_path / "note.png")
    with pytest.raises(InputError, match=r"gone\.png does not exist\."):
        embedded_prompt(tmp_path / "gone.png")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        embedded_prompt(tmp_path)


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf"])
@pytest.mark.parametrize(
    "content", [b"", b"parameters", b"parameters\0", b"parameters\0\0\0\0", b"II*\0\xff\xff\xff\xff"]
)
def test_damaged_chunk_is_no_prompt(png: Any, png_chunk: Any, kind: bytes, content: bytes) -> None:
    path = png()
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + png_chunk(kind, content) + whole[33:])
    assert embedded_prompt(path) is None
    path.write_bytes(whole[:40])
    assert embedded_prompt(path) is None


@pytest.mark.parametrize("name", ["picture.png.txt", "picture.txt"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_sidecar_of_either_name_is_read_with_or_without_a_byte_order_mark(
    tmp_path: Path, name: str, mark: bytes
) -> None:
    (tmp_path / name).write_bytes(mark + "a größe\nof 猫\n".encode())
    expected = EmbeddedPrompt(prompt="a größe\nof 猫", negative=None, source="sidecar")
    assert sidecar_prompt(tmp_path / "picture.png") == expected


def test_sidecar_of_the_whole_name_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a dog")
    (tmp_path / "a.png.txt").write_text("a cat")
    assert [sidecar_prompt(tmp_path / name).prompt for name in ("a.png", "a.jpg")] == ["a cat", "a dog"]


def test_sidecar_that_a1111_writes_is_parted_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(A1111)
    found = sidecar_prompt(tmp_path / "a.png")
    assert (found.prompt, found.negative, found.source) == (WANTED.prompt, WANTED.negative, "sidecar")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" \n", r"a\.txt holds no prompt\."),
        (b"a \xff cat", r"a\.txt is not in UTF-8: byte 2 cannot be read\."),
        (b"a" * (MAX_TEXT + 1), f"more than {MAX_TEXT} bytes"),
    ],
)
def test_sidecar_that_says_nothing_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        sidecar_prompt(tmp_path / "a.png")


def test_place_that_has_no_prompt_is_named(png: Any) -> None:
    path = png()
    assert sidecar_prompt(path) is None
    with pytest.raises(InputError, match=r"picture\.png holds no prompt of A1111, ComfyUI or InvokeAI\."):
        read_prompt(path, "metadata")
    with pytest.raises(InputError, match=r"neither picture\.png\.txt nor picture\.txt\."):
        read_prompt(path, "sidecar")
    path.with_name("picture.txt").write_text("a cat")
    assert read_prompt(path, "sidecar").prompt == "a cat"
    assert read_prompt(png(parameters="a dog"), "metadata").prompt == "a dog"
