"""The vocabulary of quality boilerplate: words that ask for a good picture and say nothing of what it shows.

"masterpiece, best quality, 8k" are tags that models were trained with, or are believed to have been. No place of a
picture shows them, so a phrase made of them can neither be found nor missed. They are recognised where a part between
commas holds nothing else, in any order, with hyphens or spaces: "an 8k photo of a cat" has content and is left alone.

Not in here, since a picture can be held against it: styles and techniques ("anime style", "oil painting", "octane
render", "photorealistic", "HDR"), light ("cinematic lighting"), the camera ("wide angle", "bokeh"), looks ("beautiful",
"vibrant colors"), and damage that is to be seen ("blurry", "watermark", "bad anatomy").
"""

from __future__ import annotations

import re

_SIZES = [f"{size}k" for size in (2, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64)]
_LINES = [f"{lines}p" for lines in (480, 720, 1080, 1440, 2160, 4320)]
_PLACES = ("artstation", "behance", "cgsociety", "deviantart", "pixiv", "dribbble", "500px", "zbrush central")
"""Names that alone are meant as praise."""
_FORUMS = ("flickr", "instagram", "pinterest", "reddit", "tumblr", "twitter", "unsplash")
"""Places only after "trending on": alone they may stand for a kind of photo."""

WHOLE = frozenset(
    [
        # grades of training captions: danbooru-trained models, NovelAI, Animagine, Illustrious
        *("masterpiece", "masterpieces", "aesthetic", "highres", "absurdres", "lowres", "newest"),
        *(f"score {grade}{up}" for grade in range(11) for up in ("", " up")),  # Pony
        # size: the prompt does not set it
        *_SIZES,
        *(size.replace("k", " k") for size in _SIZES),
        *_LINES,
        *("hd", "fhd", "qhd", "uhd", "hq", "res", "hires", "resolution", "definition"),
        # how well it is made
        *("quality", "detailed", "detail", "details", "intricate", "sharp", "sharpness", "crisp", "crystal clear"),
        *("flawless", "perfect composition", "unity 8k wallpaper", "cg unity 8k wallpaper"),
        # applause
        *("award winning", "prize winning", "contest winner", "stunning", "breathtaking", "trending"),
        *_PLACES,
        *(
            f"{verb} on {place}"
            for verb in ("trending", "featured", "popular", "top")
            for place in (*_PLACES, *_FORUMS)
        ),
    ]
)
"""What makes a part boilerplate, if nothing but these and `DEGREES` is in it."""

_DEGREES = """
    very highly high higher highest ultra super hyper extremely extreme incredibly incredible insanely insane
    absurdly really most more best better good great top superior superb amazing exquisite excellent premium max maximum
    extra rich fine finely well low lower lowest worst bad poor normal medium average intricately sharply
    professional studio hi focus wallpaper in of with and
"""
DEGREES = frozenset(_DEGREES.split())
"""What may stand beside them; alone they may speak of the picture, as in "best friends".

No article is among them: in "the intricate, woven baskets" one begins a phrase that goes on behind the comma.
"""

_LONGEST = max(len(entry.split()) for entry in WHOLE)
_BETWEEN = re.compile(r"[\s\-/&_]+")


def is_boilerplate(part: str) -> bool:
    """Say whether a part of a prompt, without commas, only asks for quality."""
    words = [word.strip(".!?:'") for word in _BETWEEN.split(part.lower())]
    words = [word for word in words if word]
    found, place = False, 0
    while place < len(words):
        lengths = range(min(_LONGEST, len(words) - place), 0, -1)
        length = next((size for size in lengths if " ".join(words[place : place + size]) in WHOLE), 0)
        if not length and words[place] not in DEGREES:
            return False
        found = found or bool(length)
        place += length or 1
    return found
