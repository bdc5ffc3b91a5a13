from __future__ import annotations

import pytest

from grefine_core import InputError
from pqmap.folders.rules import parse_rule

ROW = {
    "path": "cat.png",
    "p": 0.7,
    "technical": 0.4,
    "band": "good",
    "flags": "flat;tiny",
    "width": 640,
    "line-art": 0.9,
}
TEXTS = {"path", "band", "flags"}


def holds(rule: str, **changes: object) -> bool:
    return parse_rule(rule, columns=list(ROW), texts=TEXTS).holds({**ROW, **changes})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p > 0.6", True),
        ("p > 0.7", False),
        ("p >= 0.7 and technical <= .4", True),
        ("p > 0.8 or technical < 0.5", True),
        ("not p > 0.6", False),
        ("not (p > 0.6 and technical > 0.5)", True),
        ("p > 0.8 or p > 0.6 and technical > 0.5", False),
        ("0.5 < p < 0.8", True),
        ("0.7 < p < 0.8", False),
        ("p > technical", True),
        ("p > -1", True),
        ("width == 640", True),
        ("width != 640", False),
        ('band == "good"', True),
        ("band != 'good'", False),
        ('band in ("good", "excellent")', True),
        ('band not in ["good"]', False),
        ('"flat" in flags', True),
        ('"fla" in flags', False),
        ('"noise" not in flags', True),
        ("not flags", False),
        ("flags", True),
        ('"cat" in path', True),
        ("line-art > 0.8", True),
        ("  p > 0.6\n", True),
    ],
)
def test_rule_decides(rule: str, expected: bool) -> None:
    assert holds(rule) is expected


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ("p > 0.6", {"p": None}, False),
        ("p < 0.6", {"p": None}, False),
        ('band == "good"', {"band": None}, False),
        ('band != "good"', {"band": None}, False),
        ('band in ("good",)', {"band": None}, False),
        ("not flags", {"flags": None}, True),
        ('"flat" in flags', {"flags": None}, False),
        ('"flat" not in flags', {"flags": None}, True),
    ],
)
def test_empty_cell_meets_no_comparison_and_has_no_flags(rule: str, changes: dict[str, None], expected: bool) -> None:
    assert holds(rule, **changes) is expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "between 1 and 1000 characters, got 0"),
        ("p > 0.6 or " * 100 + "p > 1", "between 1 and 1000 characters"),
        ("p >", "cannot be read: invalid syntax."),
        ("p = 0.6", "two values are compared with `==`."),
        ("p > 0.6 &&", "cannot be read: invalid syntax."),
        ("p > 0.6 & technical > 0.5", "`0.6 & technical` is not allowed; use column names"),
        ("score > 0.6", "there is no column `score`; there are path, p, "),
        ("technica > 0.6", "there is no column `technica`; did you mean `technical`."),
        ("p", "`p` is a number, not a condition such as `p > 0.6`."),
        ("0.6", "`0.6` is a number, not a condition"),
        ("p and technical", "`p` is a number, not a condition"),
        ('"flat"', "`'flat'` is a text, not a condition"),
        ('p > "0.6"', "`p > '0.6'` compares a number with a text."),
        ("band == 1", "`band == 1` compares a text with a number."),
        ('band > "fair"', "`band > 'fair'` orders texts; they are compared with `==`, `!=` and `in` alone."),
        ("p in flags", "`p in flags` looks for a number in a text; `in` looks for a text."),
        ('"x" in p', "`'x' in p` looks for a text in a number"),
        ("band in (good, fair)", "there is no column `good`"),
        ("band in (path, 'x')", "must be a list of quoted texts."),
        ("('a',) == ('a',)", "compares a list of texts with a list of texts."),
        ("p is 1", "`is` compares no values; write `==`."),
        ("p > True", "`True` is neither a number nor a quoted text."),
        ("p > None", "`None` is neither a number nor a quoted text."),
        ("p > -'x'", "`x` is neither a number nor a quoted text."),
        ("p + 1 > 0", "`p + 1` is not allowed"),
        ("p - 1 > 0", "`p - 1` is not allowed"),
        ("abs(p) > 0", "`abs(p)` is not allowed"),
        ("path.upper == 'X'", "`path.upper` is not allowed"),
        ("__import__('os').remove('x')", "`__import__('os').remove('x')` is not allowed"),
        ("[p for p in path]", "`[p for p in path]` is not allowed"),
        ("(lambda: 1)() > 0", "is not allowed"),
        ("p if p else p", "is not allowed"),
        ("(p := 1) > 0", "is not allowed"),
        ("f'{p}' == 'x'", "is not allowed"),
        ("path[0] == 'x'", "`path[0]` is not allowed"),
        ("p > 0.6; p", "cannot be read"),
        ("import os", "cannot be read"),
        ("(" * 500 + "p" + ")" * 499, "cannot be read"),
        ("p > 0\0", "cannot be read"),
        (r"path == '\d'", None),
    ],
)
def test_what_is_no_rule_is_refused_and_never_run(rule: str, message: str | None) -> None:
    if message is None:  # an odd escape is no reason to refuse
        assert not holds(rule)
        return
    with pytest.raises(InputError) as caught:
        holds(rule)
    assert message in str(caught.value)


def test_cell_of_the_wrong_kind_names_its_row() -> None:
    with pytest.raises(InputError, match=r"`p > 0\.6` cannot be decided for cat\.png: '>' not supported"):
        holds("p > 0.6", p="high")
