from __future__ import annotations

import re
from typing import Any

import pytest

from grefine_core.comfyui_graph import find_prompt, read_graph

SAVE = "decode:SaveImage images=@vae | vae:VAEDecode samples=@s vae=@m | m:CheckpointLoader ckpt_name=x"
SAMPLE = f"{SAVE} | s:KSampler model=@m seed=1 positive=@p negative=@n latent_image=@l | l:EmptyLatentImage width=8"


def graph(text: str) -> Any:
    """Return a graph of `id:Class input=value input=@id ...`, parted by `|`; `_` stands for a space."""
    nodes: dict[str, Any] = {}
    for node in re.split(r"\s+\|\s+", text):
        head, *inputs = node.split()
        key, kind = head.split(":")
        values = (item.split("=", 1) for item in inputs)
        nodes[key] = {
            "class_type": kind.replace("_", " "),
            "inputs": {name: [value[1:], 0] if value[:1] == "@" else value.replace("_", " ") for name, value in values},
        }
    return read_graph(nodes)


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        ("p:CLIPTextEncode text=a_cat clip=@m", "a cat"),
        ("p:CLIPTextEncode text=@q clip=@m | q:PrimitiveString value=a_cat", "a cat"),
        ("p:CLIPTextEncodeSDXL text_g=a_cat text_l=a_cat clip=@m width=8", "a cat"),
        ("p:CLIPTextEncodeSDXL text_g=a_cat text_l=red clip=@m", "a cat, red"),
        ("p:CLIPTextEncodeFlux clip_l=cat t5xxl=a_cat clip=@m", "cat, a cat"),
        ("p:ConditioningCombine conditioning_1=@a conditioning_2=@b | a:E text=cat | b:E text=dog", "cat, dog"),
        ("p:ConditioningConcat conditioning_to=@a conditioning_from=@b | a:E text=cat | b:E text=dog", "cat, dog"),
        ("p:ControlNetApply conditioning=@a control_net=@m image=@m | a:E text=cat", "cat"),
        ("p:ControlNetApplyAdvanced positive=@a negative=@b image=@m | a:E text=cat | b:E text=dog", "cat"),
        ("p:E text=@c | c:StringConcatenate string_a=a_ string_b=@d delimiter= | d:String string=cat", "a cat"),
        ("p:E text=@c | c:Text_Concatenate text_a=a text_b=cat delimiter=_", "a cat"),
        ("p:E text=@c | c:SDXLPromptStyler text_positive=a_cat text_negative=dog style=x", "a cat"),
        ("p:E text=@c | c:ImpactWildcardProcessor wildcard_text={a|b}_cat populated_text=a_cat", "a cat"),
        ("p:E text=@c | c:Show text=@d text_0=a_cat | d:Make text=a_cat", "a cat"),
        ("p:Reroute x=@q | q:E text=cat", "cat"),
        ("p:Efficient_Loader ckpt_name=x positive=a_cat negative=dog", "a cat"),
    ],
)
def test_wanted_text_is_found_behind_every_kind_of_node(nodes: str, wanted: str) -> None:
    assert find_prompt(graph(f"{SAMPLE} | n:E text=hands | {nodes}")) == (wanted, "hands")


@pytest.mark.parametrize(
    ("nodes", "unwanted"),
    [
        ("n:E text=hands", "hands"),
        ("n:ControlNetApplyAdvanced positive=@p negative=@b image=@m | b:E text=dog", "dog"),
        ("n:E text=@c | c:SDXLPromptStyler text_positive=a_cat text_negative=dog style=x", "dog"),
        ("n:ConditioningZeroOut conditioning=@p", ""),
        ("n:E text=", ""),
    ],
)
def test_unwanted_text_is_found_or_empty(nodes: str, unwanted: str) -> None:
    assert find_prompt(graph(f"{SAMPLE} | p:E text=cat | {nodes}")) == ("cat", unwanted)


@pytest.mark.parametrize(
    "guider",
    [
        "g:CFGGuider model=@m positive=@p negative=@n cfg=1",
        "g:BasicGuider model=@m conditioning=@f | f:FluxGuidance conditioning=@p guidance=3",
    ],
)
def test_guider_of_a_custom_sampler_is_found(guider: str) -> None:
    sampler = "s:SamplerCustomAdvanced noise=@x guider=@g latent_image=@l | x:RandomNoise noise_seed=1 | l:E width=8"
    found = find_prompt(graph(f"{SAVE} | {sampler} | {guider} | p:E text=a_cat | n:E text=hands"))
    assert found == ("a cat", "hands" if "CFG" in guider else "")


def test_sampler_nearest_to_the_saved_picture_counts() -> None:
    two = "l:KSampler model=@m positive=@q negative=@q latent_image=@e | q:E text=draft | e:EmptyLatentImage width=8"
    base = SAMPLE.replace("l:EmptyLatentImage width=8", two)
    assert find_prompt(graph(f"{base} | p:E text=cat | n:E text=dog")) == ("cat", "dog")
    assert find_prompt(graph(f"{base} | p:E text= | n:E text=dog")) == ("draft", "draft")


def test_saved_picture_goes_before_a_preview() -> None:
    other = "v:PreviewImage images=@t | t:KSampler model=@m positive=@q latent_image=@l | q:E text=draft"
    assert find_prompt(graph(f"{other} | {SAMPLE} | p:E text=cat | n:E text=dog")) == ("cat", "dog")


def test_sampler_is_found_in_a_graph_that_saves_nothing() -> None:
    assert find_prompt(graph("s:KSampler model=@m positive=@p latent_image=@m | m:L x=1 | p:E text=cat")) == ("cat", "")


def test_circle_and_missing_node_end() -> None:
    assert find_prompt(graph(f"{SAMPLE} | p:Join text_a=@p text_b=@q | q:Join text_a=@p text_b=cat")) == ("cat", "")
    assert find_prompt(graph(f"{SAMPLE} | p:E text=@gone")) is None


def test_chain_without_end_is_given_up() -> None:
    chain = " | ".join(f"c{i}:R text=@c{i + 1}" for i in range(5000))
    assert find_prompt(graph(f"{SAMPLE} | p:E text=@c0 | {chain} | c5000:E text=cat")) is None


def test_what_is_no_node_is_left_out() -> None:
    assert read_graph({"1": 2, "2": {"inputs": []}, "3": {"class_type": "A", "inputs": {"b": 1}}, "4": None}) == {
        "3": {"class_type": "A", "b": 1}
    }
    assert read_graph([1]) == {}
