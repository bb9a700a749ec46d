"""Recognises units as people write them above columns: symbols, compounds of symbols, and words."""

import re

_SYMBOL_TEXT = """
    m s g t l L A K V W J N C F H T S Ω Hz Pa Wb lm lx Bq Gy Sv cd mol eV cal bar atm rad sr dB dBm B bit byte ohm Ohm
    Nm VA var Wh Ah rpm ppm ppb ppt psi mmHg Torr torr mbar kt kn mi ft in yd nmi mph lb lbs oz gal hp BTU Btu Å u
    min h hr d yr a sec ms us ns ps wk mo dy mn % ‰ ° degC degF degT deg degrees px pts count counts cts a.u. arb.
    arb.units SCE RN TS bits # au pH mpg kmpl cc sqft mth pc kpc Mpc ly gr kgf pct %RH %rF %rh %vol vol% wt% mol%
    PSU psu NTU FNU FTU UTC GMT ha °dH dH
"""
_PREFIXED_TEXT = """
    m s g l L A K V W J N C F H T S Ω Hz Pa Wb lm lx Bq Gy Sv mol eV cal bar rad ohm Ohm Wh Ah VA var M byte B bit pc
    ppm torr Torr Siemens Farad Henry Volt Volts Amp Amps
"""
_WORD_TEXT = """
    second seconds sec secs minute minutes mins hour hours hrs day days week weeks month months year years volt volts
    amp amps ampere amperes ohm ohms watt watts joule joules newton newtons pascal pascals kelvin celsius fahrenheit
    hertz meter meters metre metres gram grams gramm kilogram kilograms liter liters litre litres degree degrees
    percent prozent fraction unitless dimensionless none radian radians mole moles inch inches foot feet mile miles
    knots pound pounds ounce ounces gallon gallons sekunden sekunde stunden minuten grad sekunda secondes heures jours
    mètres metros segundos horas integer boolean dc ac с мс м см мм кг г в а ом вт гц па кпа мпа к мин ч град сек
    ма мв кв ка мка мкс квт мвт ком мом гпа дж кдж н кн л мл моль
    秒 分 時 時間 小时 天 伏 安 米 毫米 厘米 千克 초 분 시간 일 도 ℃ ℉ ㎜ ㎝ ㎞ ㎏ ㎡ ㎥
    克 平方米 立方米 元 万元 円 원
"""
_NO_UNITS = ("GT",)  # "ground truth" next to air sensors; nobody measures gigateslas
_SYMBOLS = frozenset(_SYMBOL_TEXT.split())
_PREFIXED = frozenset(_PREFIXED_TEXT.split())
_WORDS = frozenset(_WORD_TEXT.split())
_PREFIX_WORDS = re.compile(r"(?:kilo|milli|mi[ck]ro|mega|[cz]enti|he[ck]to|nano|giga|de[cz]i|pi[ck]o)", re.IGNORECASE)
_PREFIXES = ("da", *"qryzafpnuµμmcdhkMGTPEZY")
_RAISED = re.compile(r"(?:\^|\*\*)?[\({]?[+\-−]?[0-9]{1,2}(?:[./][0-9]{1,2})?[\)}]?$|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+$")
_JOINTS = re.compile(r"\s*[*/·⋅×]\s*|\s+per\s+|\s+")
_OPENING, _CLOSING = "[({<", "])}>"
_DEGREES = re.compile(
    r"(?:°|º|˚|deg\.?|degrees?|grad)[\s_]?(?:C|F|K|R|N|E|S|W|T|celsius|fahrenheit|kelvin|north|east|true)",
    re.IGNORECASE,
)
_AGAINST = re.compile(r"(.{1,6}?)\s+(?:vs\.?|rel\.?|re\.?|dc|ac|rms|pp|pk)\b.*", re.IGNORECASE)
_ARBITRARY = re.compile(r"(?:arb(?:\.|itrary)?|w\.?)\s*(?:u(?:\.|nits)?|e\.?)", re.IGNORECASE)
LONGEST = 30  # characters of a unit


def is_unit(text: str) -> bool:
    """Say whether a text can be read as a unit: "ms", "m/s^2", "kg m-3", "°C", "Ohm", "(V)", "V vs. Ref."."""
    text = without_brackets(text)
    if not text or len(text) > LONGEST or text in _NO_UNITS:
        return False
    if _DEGREES.fullmatch(text) or _ARBITRARY.fullmatch(text):
        return True
    if _is_factor(text) or _is_compound(text):
        return True
    against = _AGAINST.fullmatch(text)
    return against is not None and _is_factor(against[1])


def is_wrapped(text: str) -> bool:
    """Say whether a cell is in brackets, as units below names are: "(ms)", "[V]"."""
    text = text.strip()
    return len(text) > 2 and text[0] in _OPENING and text[-1] in _CLOSING


def without_brackets(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if is_wrapped(text) else text.removeprefix("in ").strip()


def _is_compound(text: str) -> bool:
    text = re.sub(r"[()]", " ", text).strip()
    factors = [factor for factor in _JOINTS.split(text) if factor]
    if not 1 <= len(factors) <= 6 or not all(_is_factor(f) or f == "1" or _DEGREES.fullmatch(f) for f in factors):
        return False
    return any(factor != "1" for factor in factors)


def _is_factor(text: str) -> bool:
    bare = _RAISED.sub("", text) if len(text) > 1 else text
    word = bare.lower()
    if bare in _SYMBOLS or word in _WORDS or _PREFIX_WORDS.sub("", word, count=1) in _WORDS:
        return True
    return any(
        bare.startswith(prefix) and bare[len(prefix) :] in _PREFIXED for prefix in _PREFIXES if len(bare) > len(prefix)
    )
