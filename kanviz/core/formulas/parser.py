"""Parse a typed formula into a tree with kanviz's own grammar; typed text is never run as code.

sum      = product (("+" | "-") product)*
product  = signed (("*" | "/") signed | power)*      a factor may follow a factor: 2x, 2(x+1), (x+1)(y-1), x y
signed   = ("+" | "-") signed | power                so -x^2 is -(x^2)
power    = atom ("^" signed)?                         so 2^3^2 is 2^(3^2)
atom     = number | name | function "(" sum ")" | "(" sum ")"
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch

from kanviz.core.formulas.expression import (
    CONSTANTS,
    FUNCTIONS,
    OTHER_NAMES,
    Call,
    Chain,
    Constant,
    Name,
    Negative,
    Node,
    Number,
    Power,
    evaluate,
    to_sympy,
)
from kanviz.core.formulas.expression_check import warnings_of
from kanviz.core.formulas.lexer import INFINITIES, Token, tokens, unknown_name, vocabulary
from kanviz.errors import FormulaError
from kanviz.text import shown

__all__ = ["Parsed", "evaluate", "names_in", "parse", "to_sympy"]

MAX_DEPTH = 60
ORDINARY = 10.0  # variables up to this size are tested for an overflow
OVERFLOW = torch.finfo(torch.float32).max
MOST_CORNERS = 6
TRIALS = 64


@dataclass(frozen=True)
class Parsed:
    """A formula as a tree, with a sentence for each assumption made and each place where it is not a finite number."""

    tree: Node
    warnings: tuple[str, ...]


def parse(text: str, names: Sequence[str], values: Mapping[str, Any] | None = None) -> Parsed:
    """Parse a typed formula in the variables `names`.

    values: numbers or tensors of each variable, if known; the warnings then count the rows on which the formula fails,
    instead of naming where it could fail. Raises FormulaError, with the position, for anything that is not a formula.
    """
    reader = _Reader(text, names)
    tree = reader.whole()
    static = warnings_of(tree, text)
    shadowed = [
        f"{name} is read as the variable of that name, not as the constant."
        for name in CONSTANTS
        if name in names and any(t.kind == "name" and t.text == name for t in reader.tokens)
    ]
    used = [name for name in names if any(t.kind == "name" and t.text == name for t in reader.tokens)]
    found = (*static, *_overflow(tree, used, sure=not static)) if values is None else _failures(tree, values)
    return Parsed(tree, (*shadowed, *found))


def names_in(text: str) -> tuple[str, ...]:
    """List the variables of a typed formula, in order: the names that are no function, no constant and no infinity.

    Raises FormulaError for characters that no formula has.
    """
    found = tokens(text, ())
    pairs = zip(found, [*found[1:], found[-1]], strict=True)
    names = [t.text for t, after in pairs if t.kind == "name" and not (after.kind == "(" and not after.spaced)]
    known = {*FUNCTIONS, *OTHER_NAMES, *CONSTANTS, "π"}
    return tuple(name for name in dict.fromkeys(names) if name not in known and name.lower() not in INFINITIES)


def _overflow(tree: Node, names: Sequence[str], *, sure: bool) -> list[str]:
    """Return a sentence if the formula exceeds single precision for ordinary values of its variables.

    sure: the formula is real everywhere, so that NaN means an overflow on the way.
    """
    if not names:
        return []
    signs = torch.tensor(list(product((-1.0, 1.0), repeat=min(len(names), MOST_CORNERS))), dtype=torch.float64)
    corners = torch.ones(len(signs), len(names), dtype=torch.float64)
    corners[:, : signs.shape[1]] = signs
    inner = 2 * torch.rand(TRIALS, len(names), generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    at = ORDINARY * torch.cat([corners, inner])
    found = torch.as_tensor(evaluate(tree, dict(zip(names, at.unbind(1), strict=True))))
    large = (found.abs() > OVERFLOW) | (found.isnan() if sure else False)
    if not bool(large.any()):
        return []
    first = at[int(large.expand(len(at)).nonzero()[0])]
    where = ", ".join(
        f"{shown(name)} = {value:.3g}" for name, value in list(zip(names, first.tolist(), strict=True))[:4]
    )
    return [f"The formula overflows: at {where} it is beyond {OVERFLOW:.1e}, the end of single precision."]


def _failures(tree: Node, values: Mapping[str, Any]) -> list[str]:
    found = torch.as_tensor(evaluate(tree, values))
    bad = int((~found.isfinite()).sum())
    if not bad:
        return []
    if found.ndim == 0:
        at = ", ".join(f"{shown(name)} = {float(value):.6g}" for name, value in list(values.items())[:6])
        return [f"The formula is not a real, finite number at {at}."]
    return [f"The formula is not a real, finite number in {bad:,} of {found.numel():,} rows."]


class _Reader:
    """A recursive-descent parser: the tokens, and a position that moves forward."""

    def __init__(self, text: str, names: Sequence[str]):
        self.text = text
        self.names = {unicodedata.normalize("NFC", name): name for name in names}
        self.tokens = tokens(text, names)
        self.index = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def whole(self) -> Node:
        if self.next.kind == "end":
            raise FormulaError(f"The formula is empty; type one, using {vocabulary(list(self.names))}.")
        found = self.sum()
        if self.next.kind != "end":
            raise self.unexpected()
        return found

    def unexpected(self) -> FormulaError:
        token = self.next
        where = f"(position {token.start + 1})"
        match token.kind:
            case "end":
                return FormulaError(f"The formula ends too early {where}; a number, a name or a bracket is missing.")
            case ",":
                return FormulaError(f"A comma {where} is not expected; write decimals as 1.5, one formula at a time.")
            case ")":
                return FormulaError(f"There is nothing to close or calculate before the ) {where}; check the brackets.")
            case "number":
                return FormulaError(f"A sign is missing before {shown(token.text, 20)} {where}; write * or ^ there.")
        return FormulaError(f"{token.text} {where} is not expected there; a number, a name or a bracket is missing.")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(f"The formula is nested more than {MAX_DEPTH} deep; use fewer brackets and signs.")

    def spanned(self, node: Node, start: int) -> Node:
        return replace(node, span=(start, self.tokens[self.index - 1].end))

    def sum(self) -> Node:
        start, first = self.next.start, self.product()
        rest = []
        while self.next.kind in ("+", "-"):
            operator = self.take().kind
            rest.append((operator, self.product()))
        return self.spanned(Chain(first, tuple(rest)), start) if rest else first

    def product(self) -> Node:
        start, first = self.next.start, self.signed()
        rest: list[tuple[str, Node]] = []
        while True:
            before = self.tokens[self.index - 1]
            if self.next.kind in ("*", "/"):
                operator = self.take().kind
                rest.append((operator, self.signed()))
            elif self.next.kind in ("name", "("):
                self.check_implicit(before, rest, first)
                rest.append(("*", self.power()))
            else:
                return self.spanned(Chain(first, tuple(rest)), start) if rest else first

    def check_implicit(self, before: Token, rest: list[tuple[str, Node]], first: Node) -> None:
        """Refuse a factor without a sign before it, where it can be read in two ways. Raises FormulaError."""
        where = f"(position {self.next.start + 1})"
        last = rest[-1][1] if rest else first
        if rest and rest[-1][0] == "/":
            raise FormulaError(f"A product after a division can be read in two ways {where}; write 1/(2*x) or (1/2)*x.")
        if isinstance(last, Power) and before.kind in ("number", "name") and not self.next.spaced:
            raise FormulaError(f"A product after a power can be read in two ways {where}; write x^2*y or x^(2*y).")

    def signed(self) -> Node:
        if self.next.kind not in ("+", "-"):
            return self.power()
        sign = self.take()
        self.deeper()
        inner = self.signed()
        self.depth -= 1
        return self.spanned(Negative(inner), sign.start) if sign.kind == "-" else inner

    def power(self) -> Node:
        start, base = self.next.start, self.atom()
        if self.next.kind == "superscript":
            base = self.spanned(Power(base, self.superscript()), start)
            if self.next.kind in ("^", "superscript"):
                raise FormulaError(f"Two powers follow each other (position {self.next.start + 1}); use brackets.")
            return base
        if self.next.kind != "^":
            return base
        self.take()
        self.deeper()
        exponent = self.signed()
        self.depth -= 1
        return self.spanned(Power(base, exponent), start)

    def superscript(self) -> Node:
        token = self.take()
        digits = token.text.lstrip("+-")
        if not digits.isdecimal() or len(token.text) - len(digits) > 1 or len(digits) > 6:
            raise FormulaError(
                f"The superscript (position {token.start + 1}) is not a whole number; write x^2 instead."
            )
        number = Number(float(digits), (token.start, token.end))
        return Negative(number, number.span) if token.text[0] == "-" else number

    def atom(self) -> Node:
        match self.next.kind:
            case "number":
                token = self.take()
                return Number(float(token.text), (token.start, token.end))
            case "name":
                return self.named(self.take())
            case "(":
                bracket = self.take()
                self.deeper()
                inner = self.sum()
                self.close(bracket)
                self.depth -= 1
                return self.spanned(inner, bracket.start)
        raise self.unexpected()

    def close(self, bracket: Token) -> None:
        if self.next.kind == "end":
            raise FormulaError(f"The ( at position {bracket.start + 1} is not closed; add a ).")
        if self.next.kind != ")":
            raise self.unexpected()
        self.take()

    def named(self, token: Token) -> Node:
        name = unicodedata.normalize("NFC", token.text)
        name = "pi" if name == "π" and name not in self.names else name
        span = (token.start, token.end)
        function = OTHER_NAMES.get(name, name)
        called = self.next.kind == "("
        if called and function in FUNCTIONS:
            return self.call(token, function)
        if name in self.names or name in CONSTANTS:
            if called and not self.next.spaced:
                short = shown(name, 30)
                raise FormulaError(
                    f"{short} (position {token.start + 1}) is not a function; write {short}*(...) for a product."
                )
            return Name(self.names[name], span) if name in self.names else Constant(name, span)
        if function in FUNCTIONS:
            raise FormulaError(f"{name} needs an argument in brackets (position {token.start + 1}); write {name}(...).")
        raise unknown_name(token, list(self.names), called=called)

    def call(self, token: Token, function: str) -> Node:
        bracket = self.take()
        self.deeper()
        arguments = []
        if self.next.kind != ")":
            arguments.append(self.sum())
            while self.next.kind == ",":
                self.take()
                arguments.append(self.sum())
        self.close(bracket)
        self.depth -= 1
        logarithm = function == "log" and len(arguments) == 2
        if len(arguments) != 1 and not logarithm:
            raise FormulaError(
                f"{token.text} takes 1 argument and got {len(arguments)} (position {token.start + 1}); "
                f"write {token.text}(...) with one, and 1.5 instead of 1,5."
            )
        found = self.spanned(Call(function, (arguments[0],)), token.start)
        if not logarithm:
            return found
        base = self.spanned(Call("log", (arguments[1],)), token.start)
        return self.spanned(Chain(found, (("/", base),)), token.start)
