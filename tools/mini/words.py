"""English for captions: articles, plurals, numbers, and which nouns could name the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.mini.assets import Row
from tools.mini.colors import COLORS

NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
IRREGULAR = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "mouse": "mice", "goose": "geese",
    "foot": "feet", "tooth": "teeth", "leaf": "leaves", "wolf": "wolves", "knife": "knives", "calf": "calves",
    "loaf": "loaves", "scarf": "scarves", "elf": "elves", "shelf": "shelves", "ox": "oxen", "cactus": "cacti",
    "fireman": "firemen", "policeman": "policemen", "snowman": "snowmen", "potato": "potatoes", "tomato": "tomatoes",
    "mango": "mangoes", "firefighter": "firefighters",
}  # fmt: skip
SAME_PLURAL = frozenset({"sheep", "fish", "deer", "elk", "trout", "bison", "squid", "aircraft", "orca", "dolphinfish"})
_ALIKE = """
boat ship sailboat canoe ferry yacht vessel speedboat motorboat rowboat kayak; car automobile taxi van truck bus
vehicle jeep pickup ambulance lorry minivan suv; plane airplane aeroplane jet aircraft helicopter; person man woman
boy girl child baby face head worker people human lady guy kid officer detective guard firefighter police student
teacher doctor nurse scientist artist singer pilot cook farmer judge mechanic astronaut princess prince king queen
fairy elf mage vampire zombie superhero villain dancer runner clown santa bride body pirate ninja soldier cowboy
angel couple family hand finger eye mouth nose ear hair foot leg; cat kitten tiger lion leopard cheetah panther lynx
jaguar; dog puppy wolf fox dingo poodle hound coyote husky; bird duck chick chicken hen rooster goose swan eagle
hawk owl parrot crow pigeon dove penguin turkey sparrow magpie heron crane flamingo peacock ostrich pelican toucan
vulture seagull falcon raven blackbird lark cuckoo; fish shark trout salmon tuna goldfish carp dolphin whale orca
blowfish butterflyfish lionfish; horse pony donkey zebra mule unicorn foal; cow bull ox buffalo bison calf yak zebu
cattle; sheep ram ewe lamb goat; deer elk moose caribou reindeer antelope gnu fawn gazelle; pig boar piglet hog;
monkey gorilla chimpanzee ape orangutan tamarin baboon; mouse rat hamster squirrel marmot beaver ferret guinea;
rabbit bunny hare; bear panda koala teddy; insect bug beetle fly bee wasp hornet ant ladybug mosquito hoverfly
spider moth butterfly cricket grasshopper; snake lizard iguana crocodile alligator dragon dinosaur sauropod turtle
tortoise frog toad; flower rose tulip blossom daisy sunflower hibiscus lotus bouquet lily orchid petal dandelion
hyacinth; tree plant leaf palm forest wood bush grass branch fern cactus herb seedling pine garden meadow leaves
bark evergreen jungle clover shamrock field park trunk log lawn hedge; house home building hut cabin church tower
castle school hospital bank hotel office store barn cottage city skyscraper mosque temple synagogue shrine town
street village facade factory wall window door roof bridge; cup mug glass teacup beverage drink beer wine tea coffee
juice cocktail; bottle jar flask vase; bowl plate dish pot pan; knife dagger sword blade; hat cap helmet crown; shoe
boot sandal sneaker slipper; shirt coat jacket dress blouse vest sweater clothes kimono robe; computer laptop
monitor television screen tv desktop; phone telephone smartphone mobile; clock watch alarm timer stopwatch; book
notebook ledger books page paper document newspaper; ball soccer basketball baseball football volleyball tennis;
moon planet sun earth globe star sky saturn mars jupiter comet; cloud rain snow fog sky storm smoke mist; sea ocean
water wave lake river beach sand shore coast pier island waves drop droplet ice; mountain hill volcano rock rocky
stone desert hills cliff canyon valley dune rocks mountains ground; cake pie bread cupcake cookie pastry loaf bagel
croissant bun sandwich hamburger; apple pear peach apricot orange tangerine lemon lime fruit cherry plum tomato
mango grapefruit melon; pepper chili vegetable carrot cucumber potato eggplant lettuce cabbage spinach; chair sofa
couch bench stool armchair seat bed; lamp light bulb candle lantern torch flashlight lights; guitar violin banjo
cello ukulele; trumpet horn saxophone trombone tuba; bag backpack purse handbag luggage suitcase briefcase; heart
love valentine; fire flame
"""
ALIKE = tuple(frozenset(group.split()) for group in _ALIKE.split(";"))
"""Words of which one could be said where another is right, or which a picture of one often shows too."""
_VOWEL_SOUND = re.compile(r"(?!uni|use|ufo|euro|one\b)[aeiou]|hour|herb\b")


def article(text: str) -> str:
    """Return `a` or `an` for the text that follows."""
    return "an" if _VOWEL_SOUND.match(text.lower()) else "a"


def some(noun: str) -> str:
    """Return a noun with its article; a plural has none."""
    many = noun.endswith("s") and not noun.endswith(("ss", "us", "is", "lens", "christmas", "swiss", "gas", "bus"))
    return noun if many else f"{article(noun)} {noun}"


def plural(word: str) -> str:
    """Return the plural of a noun; of a compound, that of its last word."""
    head, _, last = word.rpartition(" ")
    return f"{head} {_plural(last)}".strip()


def _plural(word: str) -> str:
    if word in SAME_PLURAL:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"


def counted(row: Row) -> str | None:
    """Return the phrase of an object in the plural; None where that is not safe."""
    phrase, noun = str(row["phrase"]), str(row["noun"])
    if row.get("article") not in ("a", "an"):
        return None
    head, of, rest = phrase.partition(" of ")
    if of and head.split()[-1] not in ("pair", "set", "row", "group", "couple"):
        return f"{plural(head)} of {rest}"
    return plural(phrase) if phrase.endswith(noun) else None


def words_of(text: str) -> set[str]:
    """Return the words of a text, and their likely singulars."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return words | {word[:-1] for word in words if word.endswith("s") and len(word) > 3}


def could_name(noun: str, texts: Iterable[str]) -> bool:
    """Tell whether a noun could name something that one of the texts speaks of: by its words or their kin."""
    said = set().union(*(words_of(text) for text in texts))
    own = words_of(noun)
    if own & said:
        return True
    glued = [(a, b) for a in own for b in said if len(a) > 2 and len(b) > 2 and (a in b or b in a)]
    return bool(glued) or any(own & group and said & group for group in ALIKE)


def has_color_word(text: str) -> bool:
    """Tell whether a phrase already names a colour ("brown bear", "gold medal")."""
    return bool(words_of(text) & {*COLORS, "gold", "golden", "silver", "rainbow", "colorful", "grey", "bronze", "rose"})
