"""What GenEval's prompts contain is known: are its nouns, colours, counts and pairs in our trees?

Its object names are among the words of the training templates, its prompts are not.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from aqmap.parsing.parser import Parser
from aqmap.parsing.tree import Token


def check_content(parser: Parser, file: Path) -> list[str]:
    """Return one line for each claim: how often it holds."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row, tree in zip(rows, parser.parse([row["prompt"] for row in rows]), strict=True):
        for claim, holds in _claims(row, tree.tokens):
            total[claim] += 1
            right[claim] += holds
    return [f"GenEval, {claim}: {right[claim]} of {total[claim]}" for claim in total]


def _claims(row: dict[str, Any], tokens: tuple[Token, ...]) -> list[tuple[str, bool]]:
    out: list[tuple[str, bool]] = []
    nouns: list[Token] = []
    for thing in row["include"]:
        noun = _noun(thing["class"], tokens, {token.index for token in nouns})
        if noun is None:
            continue
        nouns.append(noun)
        out.append(("object tagged NOUN", noun.upos == "NOUN"))
        below = [token for token in tokens if token.head == noun.index]
        if "color" in thing:
            out.append(("colour hangs on its object", thing["color"] in {token.text.lower() for token in below}))
        if thing["count"] > 1:
            out.append(("number hangs on its noun", any(token.relation == "nummod" for token in below)))
    if row["tag"] in {"two_object", "color_attr"} and len(nouns) == 2:
        joined = nouns[1].head == nouns[0].index and nouns[1].relation == "conj"
        out.append(("two objects joined by conj", joined))
    return out


def _noun(name: str, tokens: tuple[Token, ...], taken: set[int]) -> Token | None:
    """Return the word that ends the object's name, in either number."""
    last = name.rsplit(maxsplit=1)[-1]
    stem = last.removesuffix("s")[:-1]
    for token in tokens:
        text = token.text.lower()
        if token.index not in taken and (text == last or (text.startswith(stem) and abs(len(text) - len(last)) <= 3)):
            return token
    return None
