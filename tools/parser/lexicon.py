"""Words of prompts that treebanks lack: things, colours, materials, places, styles."""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    """A noun in both numbers, perhaps with a word before it that belongs to it."""

    singular: str
    plural: str
    before: str = ""
    relation: str = "compound"
    """Of the word before it: `compound` or `amod`."""


def _nouns(text: str) -> tuple[Noun, ...]:
    """Read `singular` or `singular/plural`, parted by blanks; the plural is regular where it is absent."""
    pairs = (entry.split("/") for entry in text.split())
    return tuple(Noun(pair[0], pair[1] if len(pair) > 1 else _plural(pair[0])) for pair in pairs)


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def _compounds(text: str, relation: str = "compound") -> tuple[Noun, ...]:
    pairs = (entry.split("-") for entry in text.split())
    return tuple(Noun(second, _plural(second), first, relation) for first, second in pairs)


PEOPLE = _nouns(
    "man/men woman/women girl boy child/children person/people lady kid baby dancer chef farmer soldier knight wizard "
    "astronaut nurse teacher student cyclist singer robot pirate princess warrior couple family"
)
ANIMALS = _nouns(
    "cat dog horse sheep/sheep cow elephant bear zebra giraffe bird rabbit fox wolf/wolves lion tiger mouse/mice duck "
    "chicken pig goat turtle fish/fish frog butterfly bee owl eagle penguin panda monkey squirrel deer/deer dragon"
)
THINGS = (
    *_nouns(
        "bicycle car motorcycle airplane bus train truck boat bench backpack umbrella handbag tie suitcase frisbee "
        "snowboard kite skateboard surfboard bottle cup fork knife/knives spoon bowl banana apple sandwich orange "
        "broccoli carrot pizza donut cake chair couch bed toilet tv laptop microwave oven toaster sink refrigerator "
        "book clock vase toothbrush table lamp desk sofa pillow blanket curtain mirror candle basket box bag hat shirt "
        "jacket shoe ball balloon flower tree leaf/leaves house castle bridge tower fence door window key phone watch "
        "ring necklace guitar piano violin drum painting statue plate glass pot pan towel rug carpet bucket ladder "
        "rock cloud star moon planet rocket crystal sword shield crown cube sphere pyramid cookie lemon tomato"
    ),
    *_compounds(
        "traffic-light fire-hydrant stop-sign parking-meter sports-ball baseball-bat baseball-glove tennis-racket "
        "wine-glass dining-table computer-mouse tv-remote computer-keyboard cell-phone teddy-bear hair-drier "
        "coffee-cup straw-hat street-lamp flower-pot picture-frame tea-cup desk-lamp water-bottle"
    ),
    *_compounds("hot-dog potted-plant", "amod"),
)
CLOTHES = _nouns("dress hat shirt suit jacket coat scarf skirt helmet mask crown sweater robe uniform hoodie cape")
SUBSTANCES = ("water", "milk", "coffee", "wine", "fruit", "sand", "snow", "light", "smoke", "rice", "soup", "sugar")
PLACES = _nouns(
    "forest city street park beach room kitchen garden field mountain river lake desert castle bridge house library "
    "office stage market village hill road ocean cave temple harbor meadow window table shelf floor wall"
)
COLORS = (
    *("red", "blue", "green", "yellow", "black", "white", "brown", "pink", "purple", "orange", "gray", "grey"),
    *("golden", "silver", "beige", "turquoise", "teal", "violet"),
)
ADJECTIVES = (
    *("big", "small", "large", "tall", "round", "square", "shiny", "fluffy", "wooden", "metallic", "old", "young"),
    *("beautiful", "cute", "rusty", "smooth", "rough", "transparent", "colorful", "tiny", "huge", "ancient"),
    *("futuristic", "dark", "bright", "soft", "long", "short", "oval", "triangular", "rectangular", "oblong"),
    *("spherical", "cubic", "circular", "conical", "cylindrical", "pentagonal", "curved"),
)
MATERIALS = (
    *("leather", "glass", "metal", "plastic", "rubber", "fabric", "stone", "paper", "straw", "silk", "cotton", "wool"),
    *("gold", "steel", "marble", "denim", "clay", "brick"),
)
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "2", "3", "4", "5", "12", "twenty")
WEAR = ("wearing", "wearing", "wearing", "holding", "carrying")
HOLD = ("holding", "carrying", "eating", "watching", "riding", "playing", "reading", "touching", "pushing", "chasing")
STAND = ("standing", "sitting", "lying", "running", "walking", "sleeping", "flying", "dancing", "swimming", "jumping")
PASSIVE = ("covered", "filled", "surrounded", "decorated", "painted", "tipped", "wrapped", "carved", "parked", "lit")
MEDIA = (
    *("photo", "picture", "painting", "drawing", "sketch", "photograph", "portrait", "image", "illustration"),
    *("watercolor", "render", "closeup", "poster", "sculpture", "rendering"),
)
MEDIA_KINDS = (
    *(("oil", "NOUN"), ("digital", "ADJ"), ("watercolor", "NOUN"), ("pencil", "NOUN"), ("professional", "ADJ")),
    *(("detailed", "ADJ"), ("vintage", "ADJ"), ("3d", "NOUN"), ("studio", "NOUN"), ("realistic", "ADJ")),
)
PREPOSITIONS = ("on", "in", "near", "behind", "under", "above", "below", "beside", "with", "by", "over", "inside")
SIDES = ("left", "right", "side", "top", "front", "back", "bottom")
STYLES = (
    *("anime style", "baroque style", "realistic style", "cartoon style", "impressionist style", "pixel art"),
    *("digital art", "concept art", "oil painting", "watercolor painting", "cinematic lighting", "soft lighting"),
    *("dramatic lighting", "blurred detail", "hyper detail", "fine detail", "sharp focus", "soft focus"),
    *("depth of field", "high quality", "high resolution", "studio ghibli style", "white background"),
    *("black background", "blurry background", "film grain", "bokeh", "4k", "8k", "masterpiece", "wallpaper"),
    *("photorealistic", "highly detailed", "intricate details", "vibrant colors", "pastel colors", "wide angle"),
    *("golden hour", "low contrast", "HDR lighting", "HDR", "abstract style", "close up"),
    *("very beautiful", "trending on artstation", "octane render", "unreal engine", "night", "sunset", "rain"),
)
"""Parts of tag lists, written as they are used; `templates.style` says how each is built."""
STYLE_ADJECTIVES = {
    *("realistic", "impressionist", "digital", "cinematic", "soft", "dramatic", "blurred", "hyper", "fine", "sharp"),
    *("high", "white", "black", "blurry", "photorealistic", "intricate", "vibrant", "wide", "golden", "low"),
    *("abstract", "beautiful", "detailed"),
}
