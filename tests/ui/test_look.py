"""The look: colours that can be read in both themes, one font everywhere, nothing served beside fonts and logo."""

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from kanviz.plots.theme import FONT, THEMES

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "kanviz" / "ui" / "components"
SHEETS, SCRIPTS = (sorted(COMPONENTS.rglob(f"*.{kind}")) for kind in ("css", "js"))
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
LOOKS = ("light", "dark")
READ = ("text", "muted")
ADORN = ("page", "card", "frame", "line", "shade")  # nobody has to see a grid line
CAPTION = 0.6  # how strong Streamlit's captions are
CHOSEN = 0.1  # how much of the accent is in the ground of a chosen segment
UNDER_THE_MOUSE = 0.2


def place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def mixed(above: str, below: str, share: float) -> str:
    pairs = zip(rgb(above), rgb(below), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in pairs)


def luminance(colour: str) -> float:
    parts = [v / 255 for v in rgb(colour)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21. Source: WCAG 2.2, relative luminance."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ruler_measures_what_the_standard_says():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("look", LOOKS)
def test_every_colour_of_a_figure_stands_out_from_page_and_card(look: str):
    inks = asdict(THEMES[look])
    faint = {
        (name, ground): round(contrast(ink, inks[ground]), 2)
        for name, ink in inks.items()
        for ground in ("page", "card")
        if name not in ADORN and contrast(ink, inks[ground]) < (4.5 if name in READ else 3)
    }
    assert not faint


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_own_text_can_be_read_on_every_ground(look: str):
    own = CONFIG[look]
    grounds = [part[kind] for part in (own, own["sidebar"]) for kind in ("backgroundColor", "secondaryBackgroundColor")]
    for ground in grounds[:3]:  # no caption stands inside a widget of the sidebar
        assert contrast(mixed(own["textColor"], ground, CAPTION), ground) >= 4.5
    assert all(contrast(own["textColor"], ground) >= 7 for ground in grounds)
    assert all(contrast(own["linkColor"], ground) >= 4.5 for ground in grounds)


@pytest.mark.parametrize("look", LOOKS)
def test_the_accent_carries_white_words_and_is_seen_as_a_word(look: str):
    accent, page = CONFIG[look]["primaryColor"], CONFIG[look]["backgroundColor"]
    assert contrast("#FFFFFF", accent) >= 4.5, "a main button has white words"
    # Streamlit writes what is chosen in the accent too. On a dark page no colour does both in full.
    assert contrast(accent, mixed(accent, page, CHOSEN)) >= (4.5 if look == "light" else 3.5)
    assert contrast(accent, mixed(accent, page, UNDER_THE_MOUSE)) >= (4.5 if look == "light" else 3)


@pytest.mark.parametrize("look", LOOKS)
def test_figures_and_pages_have_one_ground(look: str):
    assert THEMES[look].page == CONFIG[look]["backgroundColor"]


def test_one_font_stands_in_pages_figures_and_components():
    (in_components,) = re.findall(
        r'const FONT = "([^"]+)"', (COMPONENTS / "shared" / "dom.js").read_text(encoding="utf-8")
    )
    assert {CONFIG["font"], CONFIG["headingFont"], FONT, in_components} == {FONT}
    families = {name.strip() for key in ("font", "codeFont") for name in CONFIG[key].split(",")[:1]}
    assert families == {face["family"] for face in CONFIG["fontFaces"]}


def test_fonts_and_logo_are_in_the_folder_that_is_served_and_nothing_else_is():
    served = {path.name for path in (ROOT / "static").iterdir()}
    named = {Path(face["url"]).name for face in CONFIG["fontFaces"]}
    assert all(face["url"].startswith("app/static/") for face in CONFIG["fontFaces"]), "never another server"
    assert served == named | {"README.md", "logo.svg", "inter-OFL.txt", "jetbrains-mono-OFL.txt"}


@pytest.mark.parametrize("sheet", SHEETS, ids=place)
def test_what_moves_by_itself_does_so_only_for_those_who_like_it(sheet: Path):
    text = sheet.read_text(encoding="utf-8")
    calm = re.sub(r"@media \(prefers-reduced-motion: no-preference\) \{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    assert not re.search(r"\b(transition|animation)\b", calm)


@pytest.mark.parametrize("sheet", [*SHEETS, *SCRIPTS], ids=place)
def test_an_outline_is_taken_away_only_where_something_else_shows_the_focus(sheet: Path):
    text = sheet.read_text(encoding="utf-8")
    bare = re.findall(r"^ *(\.[^{}\n]+?) \{[^{}]*outline: none", text, re.MULTILINE)
    assert [mark for mark in bare if f"{mark}:focus-visible" not in text] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=place)
def test_a_drawing_names_the_one_font(script: Path):
    named = re.findall(r"font: \d+px ([^;]+);", script.read_text(encoding="utf-8"))
    assert set(named) <= {"${FONT}"}
