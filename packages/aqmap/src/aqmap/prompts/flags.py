"""Flags of Midjourney and its kin: `/imagine prompt: a cat --ar 16:9 --style raw --no hands, text`.

A flag begins with two hyphens, or with the dash that telephones make of them. A word after two hyphens that is no
known flag counts as one if it comes after a known one: flags stand at the end.
"""

from __future__ import annotations

import re

from aqmap.prompts.canvas import Canvas

_BARE_NAMES = """
    beta creative draft fast hd loop public raw relax stealth test testp tile turbo upanime upbeta uplight vibe video
"""
_VALUED_NAMES = """
    ar aspect bs c chaos cw exp h height hs iw motion niji ow p personalize profile q quality r repeat s sameseed seed
    stop style stylize sv sw v version w weird width zoom
"""
_BARE = frozenset(_BARE_NAMES.split())
_VALUED = frozenset(_VALUED_NAMES.split())
_LISTED = frozenset({"cref", "dref", "iref", "oref", "sref"})
"""Flags that take several values."""
_UNWANTED = "no"

_COMMAND = re.compile(r"(?<![^\s,;:])/imagine\s+prompt\s*:")
_FLAG = re.compile(r"(?<![^\s,;:])(--|[\u2013\u2014])([A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?![\w\u2013\u2014])")
_NUMBER = re.compile(r"\s+-?\.?\d(?:[\w./%+-]|:(?!:))*(?=[\s,;]|::|$)")
_WORD = re.compile(r"\s+(?:raw|cute|scenic|expressive|original|random|low|high|[a-z]+\d[a-z\d]*)(?=[\s,;]|::|$)")
"""Other values, of known flags only: names of styles, codes of profiles."""


def take_flags(canvas: Canvas) -> list[str]:
    """Take flags off; return what they say is not wanted, as the user wrote it."""
    plain, text = canvas.plain, canvas.text
    flags: list[tuple[re.Match[str], int]] = []
    for flag in _FLAG.finditer(plain):
        end = _end(plain, flag, follows=bool(flags))
        if end is not None:
            flags.append((flag, end))
    unwanted: list[str] = []
    nexts = [flag.start() for flag, _ in flags[1:]] + [len(plain)]
    for (flag, end), after in zip(flags, nexts, strict=False):  # without flags there is one place
        negates = flag[2].lower() == _UNWANTED
        if negates:
            unwanted.append(text[end:after])
        canvas.take(flag.start(), after if negates else end)
    for command in _COMMAND.finditer(canvas.plain):
        canvas.take(*command.span())
    return unwanted


def _end(plain: str, flag: re.Match[str], *, follows: bool) -> int | None:
    """Return where a flag and its values end; None if it is a word of the prompt.

    Args:
        plain: The prompt.
        flag: Its hyphens and its name.
        follows: Whether another flag comes before it.
    """
    name, typed = flag[2].lower(), flag[1] == "--"
    if name == _UNWANTED or (name in _BARE and typed):
        return flag.end()
    known = name in _VALUED or name in _LISTED
    end = flag.end()
    while value := _NUMBER.match(plain, end) or (_WORD.match(plain, end) if known and typed else None):
        end = value.end()
        if name not in _LISTED:
            break
    counts = known or follows if typed else known and end > flag.end()
    return end if counts else None
