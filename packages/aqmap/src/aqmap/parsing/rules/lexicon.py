"""The words that `Chunker` knows: closed classes of English, and what suffixes would get wrong."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOSED = {
    "DET": _words("a an the this that these those some any each every another both all either neither no what"),
    "ADP": _words(
        "of in on at by with without from to into onto upon over under above below beneath underneath behind "
        "beside besides between among amongst near nearby across through throughout around about against "
        "along during before after inside outside within toward towards off up down past atop amid amidst "
        "beyond opposite per via like as alongside for despite except versus vs than until"
    ),
    "CCONJ": _words("and or but nor & + plus"),
    "SCONJ": _words("while because although though if when where whereas since whether"),
    "PRON": _words(
        "i you he she it we they me him her us them his its their our your my who whom whose which someone somebody "
        "something anyone anything everyone everything nobody nothing none itself himself herself themselves "
        "there one's"
    ),
    "AUX": _words(
        "is are was were be been being am has have had having do does did can could will would shall should "
        "may might must isn aren wasn weren don doesn didn can't won"
    ),
    "PART": _words("not n't 's '"),
    "ADV": _words(
        "very too also really quite rather almost nearly just only even still together apart away here now "
        "then again always never often sometimes extremely highly well upside half ultra super hyper"
    ),
    "NUM": _words(
        "one two three four five six seven eight nine ten eleven twelve thirteen fifteen sixteen twenty "
        "thirty forty fifty hundred thousand million dozen"
    ),
    "ADJ": _words(
        "red green blue yellow orange purple pink brown black white gray grey golden silver cyan magenta "
        "beige teal maroon turquoise violet indigo crimson scarlet dark light bright pale vivid colorful "
        "colourful monochrome big large huge giant small tiny little tall short long wide narrow high low "
        "deep thick thin fat slim old young new modern ancient vintage retro medieval futuristic round square "
        "flat sharp soft hard smooth rough fluffy furry shiny glossy matte dirty clean wet dry hot cold warm "
        "cool fresh frozen empty full open closed broken clear foggy misty cloudy sunny rainy snowy stormy "
        "dusty sandy beautiful pretty cute ugly handsome elegant adorable majestic epic cozy happy sad angry "
        "calm lonely evil good bad best fine great quiet busy crowded rich poor strong weak heavy simple "
        "complex abstract real fake rare wild asleep alone awake left right upper lower front rear top main "
        "other same different several many few more most much less single double multiple various wooden "
        "woolen metallic leather plastic glass stone oblong oval cubic urban rural natural ornate intricate "
        "realistic cinematic photorealistic hyperrealistic surreal dreamy ethereal mystical magical japanese "
        "chinese french german english american african asian european ceramic ripe lush proud shallow "
        "distant nude bald blond blonde blurry sleek"
    ),
}
"""By part of speech; a word in several belongs to the first."""
NOT_ADJECTIVES = _words("top front light glass stone left right leather square plastic orange silver open")
"""Nouns as well: adjectives only where a noun follows."""

VERBS = _words(
    "sit stand hold wear ride eat drink play look walk run fly jump lie lay hang lean sleep carry swim drive "
    "dance read paint watch chase climb rest float fall face point surround cover fill stare smile pose cook "
    "cut use make show hide push pull throw catch kick hit follow wait work talk sing see feature depict "
    "appear grow glow"
)
VERB_FORMS = _words(
    "sat stood held wore worn rode ridden ate eaten drank drunk flew flown ran lay lain hung slept swam drove "
    "driven made seen shown drawn taken thrown caught cut hid hidden fell fallen grew grown written built "
    "kept left sung saw looks lies flies carries tied"
)
NOUNS_IN_ING = _words(
    "building painting clothing king ring wing string spring morning evening ceiling lightning lighting "
    "drawing wedding thing bling swing sibling railing pudding dumpling duckling setting earring sling viking "
    "rendering engraving meeting being living crossing parking landing offering opening stocking"
)
NOUNS_IN_ED = _words("bed shed sled seed weed reed steed breed feed speed moped")
NOT_ADVERBS = _words(
    "fly lily family belly jelly butterfly assembly curly holy ugly friendly lovely lonely jolly bully italy"
)

POSSESSIVES = _words("his her its their our your my whose one's")
RELATIVES = _words("that which who whom there")
"""Pronouns that belong to the verb after them."""
PREPOSITIONS = tuple(
    tuple(phrase.split())
    for phrase in (
        "in front of", "on top of", "on the top of", "on the bottom of", "at the bottom of", "at the top of",
        "on the left of", "on the right of", "to the left of", "to the right of", "on the side of", "in the middle of",
        "in the center of", "in the centre of", "on the back of", "at the edge of", "on the edge of", "next to",
        "close to", "left of", "right of", "out of", "instead of", "because of", "made of", "full of", "in between",
        "on top", "such as", "made from", "away from", "according to", "in the style of", "in the shape of",
    )
)  # fmt: skip
"""Prepositions of several words; the nouns in them are no things to be seen."""
