"""What names a file and not what is to be seen: networks, embeddings, wildcards, addresses of images.

Networks `<lora:name:0.8>`, `<lyco:...>`, `<hypernet:...>` of the common web interfaces, `withLora(name, 0.8)` of
compel; embeddings `<token>` of diffusers and InvokeAI, `embedding:name:1.1` of ComfyUI; wildcards `__colour__`,
variables `${name}` and the numbers of `{2$$red|blue}`, `{0.3::red|blue}` of dynamic prompts.
"""

from __future__ import annotations

import re

from aqmap.prompts.canvas import Canvas

_NAMES = (
    re.compile(r"(?i:https?://|www\.|s\.mj\.run/)[^\s,;|()\[\]{}<>\"]+"),
    re.compile(r"<[^<>\s]+>|<[^<>:\s()]+:[^<>]*>"),
    re.compile(r"(?<![^\W_])(?:use|with)Lora\([\w-]+(?:\s*,\s*-?[\d.]+)?\s*\)"),
    re.compile(r"(?<![^\W_])embedding:[^\s,;|()\[\]{}<>\"\uff0c\uff1b\u3001\u3002]+"),
    re.compile(r"__[^\W_](?:[^\s_,|(){}]|_(?!_))*(?:\([^(){}\n]*\))?__"),
    re.compile(r"(?<=\{)\s*[~@]?\d*(?:-\d*)?\$\$(?:[^${}|\n]*\$\$)?"),
    re.compile(r"(?<=[{|])\s*\d+(?:\.\d+)?::"),
)
_VARIABLE = re.compile(r"(\$)\{(\s*\w+\s*(?:=!?|:|(?=\})))")


def take_names(canvas: Canvas) -> None:
    """Take names of files off, and all of a variable but its value."""
    for pattern in _NAMES:
        for match in pattern.finditer(canvas.text):
            canvas.take(*match.span())
    for match in _VARIABLE.finditer(canvas.text):
        canvas.take(*match.span(1))
        canvas.take(*match.span(2))
