"""Rules such as `p > 0.6 and not flags`: parsed, checked against the columns, never run as code."""

from __future__ import annotations

import ast
import difflib
import operator
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from grefine_core.errors import InputError
from grefine_core.tables import Row

MAX_CHARACTERS = 1_000
"""Longer rules are no rules; Python's parser could exhaust the stack over them."""

Kind = Literal["number", "text", "list", "truth"]
_WORDS: dict[Kind, str] = {"number": "a number", "text": "a text", "list": "a list of texts", "truth": "a condition"}

Evaluate = Callable[[Row], Any]
_Part = tuple[Kind, Evaluate]
"""What a part of a rule gives, and how it is worked out for a row."""

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A condition on the columns of a row."""

    text: str
    """As the user wrote it."""
    evaluate: Evaluate

    def holds(self, row: Row) -> bool:
        """Say whether the row meets the condition; a comparison with an empty cell is not met.

        Raises:
            InputError: If a cell is not of the kind that the rule compares it with.
        """
        try:
            return bool(self.evaluate(row))
        except TypeError as error:
            raise InputError(f"`{self.text}` cannot be decided for {row.get('path')}: {error}.") from error


def parse_rule(text: str, *, columns: Collection[str], texts: Collection[str]) -> Rule:
    """Return the rule that a text says.

    It may have column names, numbers, quoted texts, `and`, `or`, `not`, parentheses, comparisons
    (chains such as `0.2 < p < 0.4` too), `in` (`"flat" in flags`, `band in ("good", "excellent")`),
    and a column of text alone, which holds where there is any.

    Args:
        text: The rule.
        columns: Names that it may use.
        texts: Those of them that hold text; the others hold numbers.

    Raises:
        InputError: If it says anything else, or compares a number with a text.
    """
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise InputError(f"A rule must have between 1 and {MAX_CHARACTERS} characters, got {len(text.strip())}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes and numbers
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error)
        hint = "; two values are compared with `==`" if "==" in reason or "=" in text else ""
        raise InputError(f"The rule `{text}` cannot be read: {reason.split('. ')[0]}{hint}.") from error
    return Rule(text=text, evaluate=_Compiler(text, columns, texts).condition(tree.body))


class _Compiler:
    """Turn the syntax tree of one rule into functions of a row, refusing what is not on the list."""

    def __init__(self, rule: str, columns: Collection[str], texts: Collection[str]) -> None:
        self._rule, self._columns, self._texts = rule, columns, texts

    def condition(self, node: ast.expr) -> Evaluate:
        """Return what decides a condition."""
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(value) for value in node.values]
            both = all if isinstance(node.op, ast.And) else any
            return lambda row: both(part(row) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            part = self.condition(node.operand)
            return lambda row: not part(row)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        kind, value = self._value(node)
        if kind != "text" or not isinstance(node, ast.Name):
            raise self._refusal(f"`{ast.unparse(node)}` is {_WORDS[kind]}, not a condition such as `p > 0.6`")
        return lambda row: bool(value(row))

    def _comparison(self, node: ast.Compare) -> Evaluate:
        """Return what decides `a < b`, or a chain: `a < b < c` is `a < b and b < c`."""
        sides = [node.left, *node.comparators]
        links = [self._link(*link) for link in zip(sides, node.ops, node.comparators, strict=False)]
        return lambda row: all(link(row) for link in links)

    def _link(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Evaluate:
        (kind, first), (other, second) = self._value(left), self._value(right)
        shown = ast.unparse(ast.Compare(left, [sign], [right]))
        if isinstance(sign, ast.In | ast.NotIn):
            return self._membership(shown, (left, kind, first), (right, other, second), wanted=isinstance(sign, ast.In))
        compare = _COMPARISONS.get(type(sign))
        if compare is None:
            raise self._refusal("`is` compares no values; write `==`")
        if kind != other or kind == "list":
            raise self._refusal(f"`{shown}` compares {_WORDS[kind]} with {_WORDS[other]}")
        if kind == "text" and not isinstance(sign, ast.Eq | ast.NotEq):  # `excellent` comes before `fair`
            raise self._refusal(f"`{shown}` orders texts; they are compared with `==`, `!=` and `in` alone")

        def decide(row: Row) -> bool:
            a, b = first(row), second(row)
            return a is not None and b is not None and compare(a, b)

        return decide

    def _membership(
        self, shown: str, left: tuple[ast.expr, Kind, Evaluate], right: tuple[ast.expr, Kind, Evaluate], *, wanted: bool
    ) -> Evaluate:
        """Return what decides `"flat" in flags`, `"cat" in path` or `band in ("good", "fair")`."""
        (_, kind, first), (node, other, second) = left, right
        if kind != "text" or other not in {"text", "list"}:
            raise self._refusal(f"`{shown}` looks for {_WORDS[kind]} in {_WORDS[other]}; `in` looks for a text")
        flags = isinstance(node, ast.Name) and node.id == "flags"

        def decide(row: Row) -> bool:
            inner, outer = first(row), second(row)
            if inner is None:
                return False
            return (inner in ((outer or "").split(";") if flags else outer or "")) is wanted

        return decide

    def _value(self, node: ast.expr) -> _Part:
        """Return the kind of a value and what finds it in a row."""
        if isinstance(node, ast.Name):
            return self._column(node.id)
        if isinstance(node, ast.BinOp) and ast.unparse(node).replace(" - ", "-") in self._columns:
            return self._column(ast.unparse(node).replace(" - ", "-"))  # a column such as `line-art`
        if isinstance(node, ast.Tuple | ast.List):
            parts = [self._value(element) for element in node.elts]
            if not all(isinstance(element, ast.Constant) and isinstance(element.value, str) for element in node.elts):
                raise self._refusal(f"`{ast.unparse(node)}` must be a list of quoted texts")
            return "list", lambda row: [value(row) for _, value in parts]
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            node, sign = node.operand, -1
        if isinstance(node, ast.Constant):
            return self._constant(node.value, sign)
        raise self._refusal(
            f"`{ast.unparse(node)}` is not allowed; use column names, numbers, quoted texts, and, or, not, in, "
            "and comparisons"
        )

    def _constant(self, value: object, sign: int) -> _Part:
        if isinstance(value, str) and sign == 1:
            return "text", lambda _: value
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = sign * value
            return "number", lambda _: number
        raise self._refusal(f"`{value}` is neither a number nor a quoted text")

    def _column(self, name: str) -> _Part:
        if name not in self._columns:
            near = difflib.get_close_matches(name, self._columns, n=1)
            hint = f"did you mean `{near[0]}`" if near else f"there are {', '.join(self._columns)}"
            raise self._refusal(f"there is no column `{name}`; {hint}")
        return ("text" if name in self._texts else "number"), lambda row: row[name]

    def _refusal(self, reason: str) -> InputError:
        return InputError(f"The rule `{self._rule}` cannot be used: {reason}.")
