"""Guesses which function a name of somebody's own means, from the words and functions it is put together from."""

import re

from kanviz.core.engine import BASE_CURVES
from kanviz.core.formulas.expression import FUNCTIONS, OTHER_NAMES
from kanviz.core.formulas.primitives import PRIMITIVES

_EMPTY = re.compile(r"^(my|own|new|custom|user|torch|np|numpy|math|sym|fn|func|function|f|the)+$")
_WORDS = {  # what people call a function of kanviz
    "sine": "sin", "sinus": "sin", "cosine": "cos", "cosinus": "cos", "tangent": "tan", "exponential": "exp",
    "expo": "exp", "logarithm": "log", "root": "sqrt", "squareroot": "sqrt", "absolute": "abs", "signum": "sign",
    "rbf": "gaussian", "bell": "gaussian", "logistic": "sigmoid", "swish": "silu", "cuberoot": "cbrt",
}  # fmt: skip
_POWERS = {
    "square": "x^2", "squared": "x^2", "sq": "x^2", "quadratic": "x^2", "cube": "x^3", "cubed": "x^3", "cubic": "x^3",
    "inverse": "1/x", "inv": "1/x", "reciprocal": "1/x", "linear": "x", "identity": "x",
}  # fmt: skip
_SPELLINGS = {**{name: name for name in FUNCTIONS}, **OTHER_NAMES, **_WORDS}
_FUNCTION = re.compile("|".join(sorted(map(str.lower, _SPELLINGS), key=len, reverse=True)))
_POWER_OF_X = re.compile(r"x([2-9])?")
_LONGEST = 40


def likely_formula(name: str) -> str | None:
    """Return the primitive or the formula of x that a name reads like; None where it reads like none.

    >>> from kanviz.io.function_words import likely_formula
    >>> [likely_formula(name) for name in ("sinx", "my_sine", "xsinx", "exp_sin", "squared", "magic")]
    ['sin', 'sin', 'x*sin(x)', 'exp(sin(x))', 'x^2', None]
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()[:_LONGEST]) if word and not _EMPTY.match(word)]
    plain = re.sub(r"^(my|own|custom)(?=[a-z])", "", "".join(words))
    if plain in _POWERS:
        return _POWERS[plain]
    formula = _product(plain)
    for row in PRIMITIVES:
        if formula == f"{row}(x)":
            return row
    return formula


def likely_base(path: str) -> str | None:
    """Return the base function that the name of a Python function or class means; None where it means none.

    Torch's own functions mean none: those that kanviz has are known, and others have another name or parameter.

    >>> from kanviz.io.function_words import likely_base
    >>> [likely_base(path) for path in ("mine.GELU", "__main__.my_swish", "__main__.<lambda>")]
    ['gelu', 'silu', None]
    """
    plain = re.sub(r"^(my|own|custom)|[^a-z]", "", path.rpartition(".")[2].lower())
    known = {name.replace("_", ""): name for name in BASE_CURVES}
    if path.startswith("torch."):
        return None
    return known.get(plain) or known.get(_WORDS.get(plain, ""))


def _product(text: str) -> str | None:
    """Read functions and powers of x that follow one another as a product; a function takes what follows it."""
    factors = []
    while text:
        factor = _factor(text)
        if factor is None:
            return None
        read, text = factor
        factors.append(read)
    return "*".join(factors) or None


def _factor(text: str) -> tuple[str, str] | None:
    """Read one factor from the front; return it and the rest of the text, None where there is none."""
    function = _FUNCTION.match(text)
    if function is not None:
        name, rest = _NAMES[function.group()], text[function.end() :]
        inner = _factor(rest) if rest else ("x", "")
        return None if inner is None else (f"{name}({inner[0]})", inner[1])
    power = _POWER_OF_X.match(text)
    if power is None:
        return None
    return f"x^{power[1]}" if power[1] else "x", text[power.end() :]


_NAMES = {spelling.lower(): name for spelling, name in _SPELLINGS.items()}
