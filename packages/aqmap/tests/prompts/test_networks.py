from __future__ import annotations

import pytest

from aqmap.prompts.prompt import normalise


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a cat <lora:add detail_v2:0.8> <lyco:x:1> <hypernet:y:0.5>", "a cat"),
        ("a <cat-toy> on a mat", "a on a mat"),
        ("a cat withLora(some-name, 0.8) asleep useLora(x)", "a cat asleep"),
        ("embedding:bad_hands, a cat", "a cat"),
        ("(embedding:SD15/easy-negative.pt:1.1), a cat, embedding:x:1.2", "a cat"),
        ("an embedding: a chip in a board", "an embedding: a chip in a board"),
        ("a __colour__ cat in a __clothes/hats*__", "a cat in a"),
        ("__season_clothes(season=winter)__, a cat", "a cat"),
        ("red_hair __ a_b", "red hair a b"),
        ("a {red|blue} cat", "a red;blue cat"),
        ("a {{rose|white} gold|tin} ring", "a rose;white gold;tin ring"),
        ("{0.5::summer|0.1::winter}", "summer; winter"),
        ("{2$$ and $$cat|dog}, {1-2$$mat|hat}, {-2$$a|b}", "cat;dog, mat;hat, a;b"),
        ("${season=!{summer|winter}} in ${season:autumn}, ${season}", "summer;winter in autumn"),
        ("https://a.b/c.png?x=1&y=2 http://d.e/f.jpg::2 a cat", "a cat"),
        ("<https://s.mj.run/abc> s.mj.run/def www.a.b/c.png a cat", "a cat"),
        ("I <3 cats -> dogs", "I 3 cats - dogs"),
        ("<b>big</b> cat", "big cat"),
    ],
)
def test_names_of_files_are_no_words_and_all_choices_are(prompt: str, text: str) -> None:
    assert normalise(prompt).text == text
