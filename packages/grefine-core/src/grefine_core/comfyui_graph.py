"""The prompt in a ComfyUI graph: from the saved picture up to its sampler, and from there to the texts.

A graph maps the id of each node to `{"class_type": ..., "inputs": {...}}`; an input is a value, or a
link `[id, output]` to the node that it comes from. Nodes of extensions are known by the names of their
inputs, which are much the same everywhere. Nothing is executed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

Graph = Mapping[str, Mapping[str, Any]]
"""Inputs of each node, `class_type` among them, by the id of the node."""
Role = Literal["positive", "negative"]

_SAVERS = ("save", "preview")
"""Parts of the names of nodes that the finished picture reaches; those that save it come first."""
_SAMPLING = frozenset({"model", "latent_image", "samples", "ckpt_name"})
"""A node with `positive` and one of these samples, or feeds what samples; a ControlNet only passes texts on."""
_ENCODED = re.compile(r"conditioning(_?\w+)?")
"""Inputs with what has been made of a text: those of `ConditioningCombine`, `ControlNetApply`, `FluxGuidance`, ..."""
_TEXT = re.compile(r"(text|string|prompt|str|input|value)(_?([a-z]|\d{1,3}))?|t5xxl|clip_[lg]|wildcard_text")
"""Inputs with a text or with a link to it, in small letters."""
_OTHERS = frozenset({"clip", "model", "vae", "image", "images", "pixels", "mask", "latent", "samples", "control_net"})
"""Links that lead to no text."""
_ERASING = frozenset({"ConditioningZeroOut"})
"""Nodes that let no text through."""
_DEEPEST = 100
"""Nodes one behind the other; no graph that people draw has so many."""


def read_graph(nodes: object) -> Graph:
    """Return the nodes of a graph as JSON gives it, without what is none; empty where it has no nodes."""
    found = nodes.items() if isinstance(nodes, dict) else ()
    return {
        str(key): {**node["inputs"], "class_type": str(node.get("class_type", ""))}
        for key, node in found
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
    }


def find_prompt(graph: Graph) -> tuple[str, str] | None:
    """Return the texts that lead to the sampler as what is wanted and what is not; None if no text leads to it.

    Of several samplers the one counts that is nearest to the saved picture and has a text that is wanted.
    """
    for sampler in _samplers(graph):
        inputs = graph[sampler]
        wanted = _Walk(graph, "positive").text(inputs.get("positive", inputs.get("conditioning")))
        if wanted.strip():
            return wanted.strip(), _Walk(graph, "negative").text(inputs.get("negative")).strip()
    return None


def _samplers(graph: Graph) -> Iterator[str]:
    """Yield the nodes that sample, or feed what samples, the nearest to a saved picture first."""
    savers = [key for part in _SAVERS for key, inputs in graph.items() if part in inputs["class_type"].lower()]
    seen: set[str] = set()
    for start in savers or graph:
        for key in _upwards(graph, start, seen):
            inputs = graph[key]
            both = {"model", "conditioning"} <= inputs.keys()
            if both or ("positive" in inputs and not _SAMPLING.isdisjoint(inputs)):
                yield key


def _upwards(graph: Graph, start: str, seen: set[str]) -> Iterator[str]:
    """Yield a node and those that it comes from, the nearest first, without those that have been seen."""
    queue = deque([start])
    while queue:
        key = queue.popleft()
        if key in seen:
            continue
        seen.add(key)
        yield key
        queue.extend(filter(None, (_link(graph, value) for value in graph[key].values())))


def _link(graph: Graph, value: object) -> str | None:
    """Return the node that an input comes from; None if its value stands there itself."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and str(value[0]) in graph:
        return str(value[0])
    return None


class _Walk:
    """One way up the graph, on which no node is visited twice."""

    def __init__(self, graph: Graph, role: Role) -> None:
        self._graph, self._role = graph, role
        self._seen: set[str] = set()

    def text(self, value: object, depth: int = 0) -> str:
        """Return the text that an input has, or that its link leads to; empty if there is none."""
        if isinstance(value, str):
            return value
        key = _link(self._graph, value)
        if key is None or key in self._seen or depth > _DEEPEST or self._graph[key]["class_type"] in _ERASING:
            return ""
        self._seen.add(key)
        inputs = {name.lower(): value for name, value in self._graph[key].items()}
        delimiter = inputs.get("delimiter", inputs.get("separator"))
        texts = [self.text(source, depth + 1) for source in self._sources(inputs)]
        distinct = dict.fromkeys(text for text in texts if text.strip())
        return (delimiter if isinstance(delimiter, str) else ", ").join(distinct)

    def _sources(self, inputs: Mapping[str, object]) -> Sequence[object]:
        """Return the inputs of a node that its text is made of."""
        for name in (self._role, f"text_{self._role}", f"{self._role}_prompt", "populated_text"):
            if inputs.get(name):  # nodes for both roles, and wildcards as they were drawn
                return [inputs[name]]
        texts = [value for name, value in inputs.items() if _TEXT.fullmatch(name)]
        encoded = [value for name, value in inputs.items() if _ENCODED.fullmatch(name)]
        if texts or encoded:
            return texts or encoded
        links = [value for name, value in inputs.items() if name not in _OTHERS and _link(self._graph, value)]
        return links if len(links) == 1 else []
