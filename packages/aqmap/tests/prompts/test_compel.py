from __future__ import annotations

import pytest

from aqmap.prompts.prompt import normalise


def weight_of(prompt: str, word: str) -> float:
    return normalise(prompt).weights[prompt.index(word)]


@pytest.mark.parametrize(
    ("prompt", "word", "weight"),
    [
        ("apricots+", "apricots", 1.1),
        ("apricots++, a tree", "apricots", 1.21),
        ("mountain-- man", "mountain", 0.81),
        ("mountain-- man", "man", 1),
        ("red_hair++", "red", 1.21),
        ("(picking apricots)++", "picking", 1.21),
        ("(picking apricots)- here", "apricots", 0.9),
        ("(picking (apricots)1.3)1.1", "apricots", 1.43),
        ("(picking (apricots)1.3)1.1", "picking", 1.1),
        ("(picking apricots+)++", "apricots", 1.331),
        ('"flames"++, fire', "flames", 1.21),
        ('"flames"0.5 fire', "flames", 0.5),
        ("flames.attend(0.5)", "flames", 0.5),
        ("(big flames).attend(++)", "big", 1.21),
        ('"big flames".attend(0.5) x', "big", 0.5),
        ('("spider man", "robot, mech").blend(1, 0.8)', "mech", 0.8),
        ("((mountain), (tall man)).blend(0.5, -1)", "tall", -1.1),
        ('("cat", "dog").and(2, 1)', "cat", 2),
        ('("cat", "dog").and(2)', "cat", 1),
        ("a" + "+" * 19_000, "a", 10),
        ("(cat:1.3)++ dog", "cat", 1.3),
    ],
)
def test_weights_are_kept(prompt: str, word: str, weight: float) -> None:
    assert weight_of(prompt, word) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a man picking apricots++ from (a tree)1.2.", "a man picking apricots from a tree."),
        ('("spider man", "robot, mech").blend(1, 0.8, no_normalize)', "spider man; robot, mech"),
        ('("a dream, by me", "matte").and()', "a dream, by me; matte"),
        ("(fire, (hot) flames).add(1, 2)", "fire; hot flames"),
        ("a cat.swap(dog) eating", "a cat; dog eating"),
        ('a "cat".swap("big dog", s_start=0.1, t_end=0.5) eating', "a cat; big dog eating"),
        ("(a cat).swap(a dog, shape_freedom=0.3)", "a cat; a dog"),
        ("flames.attend(+) here", "flames here"),
        ("18+ sign, pre- and post-war, well-known", "18+ sign, pre- and post-war, well-known"),
        ("a (big)-hearted man", "a big -hearted man"),
        ("(a 2)1990s car", "a 2 1990s car"),
        ("etc.and(more)", "etc.and more"),
        ("cat.swap dog", "cat.swap dog"),
    ],
)
def test_syntax_is_taken_off(prompt: str, text: str) -> None:
    assert normalise(prompt).text == text


def test_methods_stay_when_a_weight_is_written() -> None:
    prompt = normalise('("red cat", "dog++").blend(0.7, 0.3)')
    kept = "".join(prompt.original[at] for at in range(len(prompt.original)) if at not in prompt.weighting)
    assert kept == '("red cat", "dog").blend()'
