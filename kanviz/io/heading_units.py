"""Finds units in column headings: "length (m)", "mass [kg]", "l/cm" as in DIN 1338, "U in V", "t, s"."""

import re
from collections import Counter
from collections.abc import Sequence

from kanviz.io.unit_words import is_unit, without_brackets

_LONGEST = 100  # characters of a heading in which a unit is searched
_BRACKETS = re.compile(r"(\S.*?)( *)([\[({<]) *([^\[\](){}<>]{1,20}|[^\[\]{}<>]{1,20}\)[^\[\](){}<>]{0,9}) *[\])}>]")
_SLASH = re.compile(r"([^/\s](?:[^/]*[^/\s])?) */ *(\S.*)")
_IN_WORDS = re.compile(r"(\S.*?)(?: +in +|, *)(\S.*)")
_SERIAL = re.compile(r" *\([^()]*S/N[^()]*\)$")  # serial numbers of a logger and its sensor, after the unit
_WORD = re.compile(r"[^\W\d_]+")
_QUOTIENT_TEXT = """
    m/s km/h km/s m/min cm/s mm/s mi/h ft/s m/s2 m/s^2 m/s² g/l g/L mg/l mg/L µg/l µg/L µg/m3 µg/m³ kg/m3 kg/m^3 kg/m³
    g/cm3 g/cm³ W/m2 W/m^2 W/m² mol/l mol/L J/kg N/m V/m A/m rad/s r/min l/min L/min l/s m3/h m³/h kWh/d kWh/a W/K l/h
    kg/s g/s g/mol J/mol J/K l/km kg/h t/h t/a
"""
_USUAL_TEXT = """
    t:s t:h t:min t:d t:a T:s T:K T:°C s:m l:m h:m d:m x:m y:m z:m r:m b:m a:m A:m m:g m:t U:V I:A R:Ω R:Ohm R:ohm F:N
    p:Pa p:bar P:W E:J E:eV W:J Q:C Q:J V:l V:L f:Hz C:F L:H B:T n:mol
"""
_USUAL = frozenset(_USUAL_TEXT.split())  # symbols of quantities with the units they are measured in
_QUOTIENTS = frozenset(_QUOTIENT_TEXT.split())  # headings that are units themselves, not a quantity and its unit


def split_units(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Split each heading that ends in a unit into name and unit, as in "length (m)", "mass [kg]" or "l/cm".

    Columns whose bare names would not be distinct are unchanged.
    """
    short = [name for name in names if len(name) <= _LONGEST]
    divided = {name: pair for name in short if (pair := _divided(name))}
    sure = len(divided) > 1 or any(map(_is_usual, divided.values()))
    found = {}
    for name in short:
        pair = (divided.get(name) if sure else None) or _in_brackets(name) or _unit_in_words(name)
        if pair:
            found[name] = pair
    bare = Counter(found[name][0] if name in found else name for name in names)
    return {name: pair for name, pair in found.items() if bare[pair[0]] == 1}


def _is_usual(pair: tuple[str, str]) -> bool:
    """Say whether a heading with a slash is surely a quantity and its unit: a word, a long unit, or a usual pair."""
    left, right = pair
    bare = right[1:] if right[:1] in "kmcdµμnMGh" and len(right) > 1 else right
    return len(left) > 2 or len(right) > 2 or f"{left}:{right}" in _USUAL or f"{left}:{bare}" in _USUAL


def _in_brackets(name: str) -> tuple[str, str] | None:
    match = _BRACKETS.fullmatch(name)
    if match is None:
        return None
    unit = match[4].strip()
    square, apart, one_word = match[3] == "[", bool(match[2]), bool(_WORD.fullmatch(unit))
    if is_unit(unit) or (square and not unit.isdecimal()) or (apart and one_word):
        return match[1], unit
    return None


def _divided(name: str) -> tuple[str, str] | None:
    """Split a heading that is a quantity divided by its unit; None for a quotient of two units or of two quantities."""
    match = _SLASH.fullmatch(name)
    if match is None or name.replace(" ", "") in _QUOTIENTS or _unit_in_words(name):
        return None
    if match[1].count("(") > match[1].count(")") or match[1][-1] in "[{€$£¥":  # "v (m/s)", "price €/m²"
        return None
    left, right = match[1], without_brackets(match[2])
    if not is_unit(right) or (right == "C" and left.lower() != "q"):
        return None
    return left, right


def _unit_in_words(name: str) -> tuple[str, str] | None:
    match = _IN_WORDS.fullmatch(_SERIAL.sub("", name))
    return (match[1], match[2]) if match and is_unit(match[2]) else None
