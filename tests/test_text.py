"""Names nobody vouches for: as words that a formula can be written in, and shown as they are."""

import keyword
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kanviz.text import escape_markdown, percent, written_names


def test_names_become_words_that_an_expression_can_be_written_in():
    assert written_names(["x", "speed of car", "lambda", "2nd", "speed_of_car", "β", "!"]) == (
        "x", "speed_of_car_", "lambda_", "x_2nd", "speed_of_car", "β", "x_",
    )  # fmt: skip
    assert written_names(["u", "u (m)", "m¹"], ("u",)) == ("u_", "u_m", "m1")
    assert written_names(["a", "a"]) == ("a", "a_")
    assert written_names([], ("u",)) == ()


odd = st.text(max_size=6) | st.text("¹²½ªµ_x 2℘·́ßﬁ", max_size=4) | st.sampled_from(["None", "x", "x_", "u", "lambda"])


@given(st.lists(odd, max_size=6), st.lists(st.sampled_from(["u", "x", "law", "numpy"]), unique=True))
@example(["¹"], [])
def test_any_names_become_words_of_python_no_two_alike(names: list[str], taken: list[str]):
    words = written_names(names, taken)
    assert len(set(words)) == len(words) == len(names)
    assert not set(words) & set(taken)
    for word in words:
        assert word.isidentifier()
        assert not keyword.iskeyword(word)
    space: dict = {}
    exec("".join(f"{word} = {k}\n" for k, word in enumerate(words)), space)  # as Python reads them, they differ too
    assert len(space) == len(words) + 1  # builtins


@given(st.lists(st.from_regex(r"[a-z]{1,2}[0-9]?", fullmatch=True), max_size=6, unique=True))
def test_words_stay_as_they_are(names: list[str]):
    free = [name for name in names if not keyword.iskeyword(name)]
    assert written_names(free) == tuple(free)
    assert written_names([*free, "a + b"])[: len(free)] == tuple(free)


# what Markdown in the browser makes links of, once it has taken the backslashes away (GitHub's autolink extension)
LINKS = re.compile(r"(https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(\.[-\w]+)+", re.IGNORECASE)
ADDRESSES = [
    "https://evil.example/a", "HTTP://EVIL.example", "www.evil.example", "WWW.evil.example", "me@evil.example",
    "mailto:a.b+c@evil.example", "xmpp:me@evil.example", "see(https://evil.example)", "<https://evil.example>",
]  # fmt: skip


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_in_a_name_is_no_link(text: str):
    assert LINKS.search(text)
    shown = escape_markdown(text).replace("\\", "")
    assert not LINKS.search(shown)
    assert shown.replace("\u2060", "") == text


@given(st.text(st.sampled_from("hHtps:/w.W@a-_ +1\\"), max_size=30))
def test_no_name_becomes_a_link_and_each_is_shown_as_it_is(text: str):
    escaped = escape_markdown(text)
    shown = re.sub(r"\\(.)", r"\1", escaped)
    assert not LINKS.search(shown)
    assert shown.replace("\u2060", "") == text


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0"), (1e-9, "0.001"), (0.9479, "94.8"), (0.9999, "99.9"), (1, "100")]
)
def test_a_share_is_never_rounded_to_none_or_to_all(share: float, words: str):
    assert percent(share) == words
