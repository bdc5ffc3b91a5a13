from __future__ import annotations

import pytest

from aqmap.prompts.canvas import Canvas
from aqmap.prompts.flags import take_flags
from aqmap.prompts.prompt import normalise


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a cat --ar 16:9 --v 6.1 --style raw --stylize 250 --seed 5 --niji", "a cat"),
        ("a cat --chaos 30 --weird 100 --q .25 --iw 2 --tile --raw --draft", "a cat"),
        ("a cat --sref https://a.b/c.png 123 random --cref https://d.e/f.png --cw 50 --p ab12c", "a cat"),
        ("/imagine prompt: a cat --ar 3:2", "a cat"),
        ("a cat \u2014ar 16:9 \u2013\u2013 \u2014v 5", "a cat \u2013\u2013"),
        ("a cat \u2014fast asleep", "a cat \u2014fast asleep"),
        ("a cat --sitting on a mat", "a cat --sitting on a mat"),
        ("a cat --v 6 --brandnew 3 --other", "a cat"),
        ("a cat --tile 3 dogs", "a cat 3 dogs"),
        ("(a cat --ar 16:9)", "a cat"),
        ("a cat--no dog", "a cat--no dog"),
        ("a --notable cat", "a --notable cat"),
    ],
)
def test_flags_are_taken_off_and_words_are_left(prompt: str, text: str) -> None:
    assert normalise(prompt).text == text


@pytest.mark.parametrize(
    ("prompt", "unwanted"),
    [
        ("a cat --no hands, (text:1.2) --v 6", [" hands, (text:1.2) "]),
        ("a cat --no dogs --no red hats", [" dogs ", " red hats"]),
        ("a cat \u2014no dogs", [" dogs"]),
        ("a cat --NO dogs", [" dogs"]),
        ("a cat --no", [""]),
        ("no cat", []),
    ],
)
def test_what_is_not_wanted_reaches_to_the_next_flag(prompt: str, unwanted: list[str]) -> None:
    assert take_flags(Canvas(prompt)) == unwanted


def test_weight_before_a_flag_is_still_one() -> None:
    assert normalise("(a cat:1.2) --ar 16:9").weights[1] == 1.2
    assert normalise("(a cat --ar 16:9)").weights[1] == 1.1
