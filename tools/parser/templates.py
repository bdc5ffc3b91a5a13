"""Prompts whose trees are certain because we build them: counts, colours, places, participles, tag lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tools.parser import lexicon
from tools.parser.fragments import joined
from tools.parser.lexicon import Noun
from tools.parser.treebank import Sentence, Word

_VOWELS = "aeiou"


@dataclass(kw_only=True)
class Node:
    """A word with what hangs on it, in order, before and after it."""

    form: str
    upos: str
    xpos: str
    relation: str = "root"
    left: list[Node] = field(default_factory=list)
    right: list[Node] = field(default_factory=list)

    def order(self) -> list[Node]:
        """Return all words below and at this node, as they are read."""
        before = [node for child in self.left for node in child.order()]
        return [*before, self, *(node for child in self.right for node in child.order())]


def tree(root: Node) -> Sentence:
    """Number the words of a tree."""
    nodes = root.order()
    number = {id(node): place for place, node in enumerate(nodes, 1)}
    heads = {id(child): number[id(node)] for node in nodes for child in (*node.left, *node.right)}
    words = []
    for place, node in enumerate(nodes):
        comma_next = place + 1 < len(nodes) and nodes[place + 1].form == ","
        word = Word(
            form=node.form,
            upos=node.upos,
            xpos=node.xpos,
            head=heads.get(id(node), 0),
            relation=node.relation,
            space_after=not comma_next,
        )
        words.append(word)
    return tuple(words)


def adjective(rng: Random) -> Node:
    """Return a colour or other adjective."""
    word = rng.choice(lexicon.COLORS if rng.random() < 0.6 else lexicon.ADJECTIVES)
    return Node(form=word, upos="ADJ", xpos="JJ", relation="amod")


class Prompts:
    """A stream of prompts, drawn with one generator from the lexicon and nouns of a treebank."""

    def __init__(self, nouns: list[Noun], rng: Random) -> None:
        self._treebank, self._rng = tuple(nouns) or lexicon.THINGS, rng

    def draw(self) -> Sentence:
        """Return one prompt."""
        rng = self._rng
        kinds: list[tuple[Callable[[], Node], int]] = [
            (self.pair, 5),
            (self.placed, 5),
            (self.beside, 3),
            (self.participle, 4),
            (self.passive, 2),
            (self.thing, 4),
            (self.counted_pair, 2),
            (self.sentence, 3),
            (self.relative, 1),
        ]
        kind = rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        node = kind()
        if kind != self.sentence and rng.random() < 0.3:
            node = self.medium(node)
        sentence = tree(node)
        if rng.random() < 0.3:
            sentence = joined([sentence, *(style(rng) for _ in range(rng.randint(1, 3)))])
        return sentence

    def noun(self, relation: str = "root", kinds: tuple[Noun, ...] | None = None) -> Node:
        """Return a noun with a determiner or number and at most two words before it."""
        rng = self._rng
        pool = kinds or rng.choice((lexicon.THINGS, lexicon.THINGS, lexicon.ANIMALS, lexicon.PEOPLE, self._treebank))
        noun = rng.choice(pool)
        before: list[Node] = [adjective(rng) for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 2)))]
        if kinds is None and not noun.before and rng.random() < 0.15:
            material = rng.choice(lexicon.MATERIALS)
            before.append(Node(form=material, upos="NOUN", xpos="NN", relation="compound"))
        if noun.before:
            tag = ("NOUN", "NN") if noun.relation == "compound" else ("ADJ", "JJ")
            before.append(Node(form=noun.before, upos=tag[0], xpos=tag[1], relation=noun.relation))
        if rng.random() < 0.15:
            number = Node(form=rng.choice(lexicon.NUMBERS), upos="NUM", xpos="CD", relation="nummod")
            return Node(form=noun.plural, upos="NOUN", xpos="NNS", relation=relation, left=[number, *before])
        node = Node(form=noun.singular, upos="NOUN", xpos="NN", relation=relation, left=before)
        if rng.random() < 0.85:
            first = node.order()[0].form
            article = "the" if rng.random() < 0.2 else "an" if first[0].lower() in _VOWELS else "a"
            node.left.insert(0, Node(form=article, upos="DET", xpos="DT", relation="det"))
        return node

    def thing(self) -> Node:
        """`a red car`, perhaps with a part: `a cat with green eyes`."""
        node = self.noun()
        if self._rng.random() < 0.4:
            node.right.append(_case(self.noun("nmod"), self._rng.choice(("with", "with", "without", "of", "from"))))
        return node

    def pair(self) -> Node:
        """`a red apple and a green cup`, at times a list of three."""
        rng, node = self._rng, self.noun()
        for _ in range(rng.choice((0, 0, 0, 1))):
            more = self.noun("conj")
            more.left.insert(0, _comma())
            node.right.append(more)
        last = self.noun("conj")
        last.left.insert(0, Node(form="and", upos="CCONJ", xpos="CC", relation="cc"))
        node.right.append(last)
        return node

    def counted_pair(self) -> Node:
        """`two cats and three dogs`."""
        node = self.pair()
        rng = self._rng
        for part in (node, *node.right):
            noun = rng.choice((*lexicon.THINGS, *lexicon.ANIMALS))
            kept = [child for child in part.left if child.relation in {"cc", "punct"}]
            number = Node(form=rng.choice(lexicon.NUMBERS), upos="NUM", xpos="CD", relation="nummod")
            part.form, part.xpos, part.left = noun.plural, "NNS", [*kept, number]
        return node

    def placed(self) -> Node:
        """`a cat on a table`, `a dog in front of a house`, `a lamp to the left of a bed`."""
        rng, node = self._rng, self.noun()
        if rng.random() < 0.65:
            node.right.append(_case(self.noun("nmod", self._place()), rng.choice(lexicon.PREPOSITIONS)))
            return node
        word = rng.choice(lexicon.SIDES)
        side = Node(form=word, upos="NOUN", xpos="NN", relation="nmod", right=[_case(self.noun("nmod"), "of")])
        if word in {"top", "front"}:
            node.right.append(_case(side, "on" if word == "top" else "in"))
            return node
        side.left.append(Node(form="the", upos="DET", xpos="DT", relation="det"))
        node.right.append(_case(side, rng.choice(("on", "to", "at"))))
        return node

    def _place(self) -> tuple[Noun, ...] | None:
        return lexicon.PLACES if self._rng.random() < 0.5 else None

    def beside(self) -> Node:
        """`a bench left of a bear`, `a cup next to a plate`."""
        rng, node = self._rng, self.noun()
        if rng.random() < 0.6:
            side = Node(form=rng.choice(("left", "right", "left", "right", "north")), upos="ADV", xpos="RB")
            side.relation, side.right = "advmod", [_case(self.noun("obl"), "of")]
            node.right.append(side)
            return node
        other = _case(self.noun("nmod"), "to")
        other.left.insert(0, Node(form=rng.choice(("next", "close")), upos="ADV", xpos="RB", relation="case"))
        node.right.append(other)
        return node

    def participle(self) -> Node:
        """`a girl wearing a straw hat`, `two dogs running in a park`."""
        rng = self._rng
        node = self.noun(kinds=lexicon.PEOPLE if rng.random() < 0.6 else lexicon.ANIMALS)
        node.right.append(self._doing("VBG", "acl"))
        return node

    def _doing(self, xpos: str, relation: str) -> Node:
        """A verb of dress, of acting on a thing, or of posture with a place."""
        rng = self._rng
        draw = rng.random()
        if draw < 0.35:
            verb = Node(form=rng.choice(lexicon.WEAR), upos="VERB", xpos=xpos, relation=relation)
            verb.right.append(self.noun("obj", lexicon.CLOTHES))
        elif draw < 0.65:
            verb = Node(form=rng.choice(lexicon.HOLD), upos="VERB", xpos=xpos, relation=relation)
            verb.right.append(self.noun("obj"))
        else:
            verb = Node(form=rng.choice(lexicon.STAND), upos="VERB", xpos=xpos, relation=relation)
            if rng.random() < 0.8:
                verb.right.append(_case(self.noun("obl", self._place()), rng.choice(lexicon.PREPOSITIONS)))
        return verb

    def passive(self) -> Node:
        """`a glass filled with water`, `a cube made of wood`."""
        rng, node = self._rng, self.noun()
        verb, preposition = rng.choice(lexicon.PASSIVE), rng.choice(("with", "by", "in"))
        if rng.random() < 0.3:
            verb, preposition = "made", rng.choice(("of", "from"))
        filling = Node(form=rng.choice((*lexicon.SUBSTANCES, *lexicon.MATERIALS)), upos="NOUN", xpos="NN")
        filling.relation = "obl"
        acl = Node(form=verb, upos="VERB", xpos="VBN", relation="acl", right=[_case(filling, preposition)])
        node.right.append(acl)
        return node

    def relative(self) -> Node:
        """`a robot that has a red arm`."""
        node = self.noun()
        verb = Node(form="has", upos="VERB", xpos="VBZ", relation="acl:relcl", right=[self.noun("obj")])
        verb.left.append(Node(form="that", upos="PRON", xpos="WDT", relation="nsubj"))
        node.right.append(verb)
        return node

    def sentence(self) -> Node:
        """`a cat is sitting on the bed`, `there is a red car`, `the red ball is on the table`."""
        rng, draw = self._rng, self._rng.random()
        if draw < 0.2:
            there = Node(form="there", upos="PRON", xpos="EX", relation="expl")
            return Node(form="is", upos="VERB", xpos="VBZ", left=[there], right=[self.noun("nsubj")])
        subject = self.noun("nsubj", None if draw < 0.6 else lexicon.PEOPLE)
        tag = ("are", "VBP") if subject.xpos == "NNS" else ("is", "VBZ")
        if draw < 0.6:
            place = self.noun("root")
            cop = Node(form=tag[0], upos="AUX", xpos=tag[1], relation="cop")
            case = Node(form=rng.choice(lexicon.PREPOSITIONS), upos="ADP", xpos="IN", relation="case")
            place.left = [subject, cop, case, *place.left]
            return place
        verb = self._doing("VBG", "root")
        verb.left = [subject, Node(form=tag[0], upos="AUX", xpos=tag[1], relation="aux")]
        return verb

    def medium(self, content: Node) -> Node:
        """`a photo of ...`, `an oil painting of ...`."""
        rng = self._rng
        content.relation = "nmod"
        node = Node(form=rng.choice(lexicon.MEDIA), upos="NOUN", xpos="NN", right=[_case(content, "of")])
        if rng.random() < 0.35:
            word, upos = rng.choice(lexicon.MEDIA_KINDS)
            noun = upos == "NOUN"
            relation = "compound" if noun else "amod"
            node.left.append(Node(form=word, upos=upos, xpos="NN" if noun else "JJ", relation=relation))
        if rng.random() < 0.85:
            article = "an" if node.order()[0].form[0] in _VOWELS else "a"
            node.left.insert(0, Node(form=article, upos="DET", xpos="DT", relation="det"))
        return node


def _case(node: Node, preposition: str) -> Node:
    """Put a preposition before all that hangs on a noun."""
    node.left.insert(0, Node(form=preposition, upos="ADP", xpos="IN", relation="case"))
    return node


def _comma() -> Node:
    return Node(form=",", upos="PUNCT", xpos=",", relation="punct")


def style(rng: Random) -> Sentence:
    """Return one part of a tag list: a head with its modifiers before it, or a known exception."""
    text = rng.choice(lexicon.STYLES)
    words = text.split()
    if text == "depth of field":
        return tree(Node(form="depth", upos="NOUN", xpos="NN", right=[_case(_plain("field", "nmod"), "of")]))
    if text == "trending on artstation":
        place = _case(Node(form="artstation", upos="PROPN", xpos="NNP", relation="obl"), "on")
        return tree(Node(form="trending", upos="VERB", xpos="VBG", right=[place]))
    if words[0] in {"highly", "very"}:
        adverb = Node(form=words[0], upos="ADV", xpos="RB", relation="advmod")
        return tree(Node(form=words[1], upos="ADJ", xpos="JJ", left=[adverb]))
    *before, last = words
    head = _plain(last, "root")
    head.left = [_plain(word, "compound") for word in before]
    return tree(head)


def _plain(word: str, relation: str) -> Node:
    if word in lexicon.STYLE_ADJECTIVES:
        return Node(form=word, upos="ADJ", xpos="JJ", relation="amod" if relation == "compound" else relation)
    plural = word in {"details", "colors"}
    return Node(form=word, upos="NOUN", xpos="NNS" if plural else "NN", relation=relation)
