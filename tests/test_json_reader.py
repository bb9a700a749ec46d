"""The reader of JSON from strangers: bounds of the text, kinds of values, and places that a refusal names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanviz.errors import EditError, LoadError, UserError
from kanviz.json_reader import JsonReader, JsonValue, read_json

LAMP = JsonReader("The lamp cannot be used: {why}. Save it again.", names={"": "the lamp", "parts[]": "a part"})

ODD = (10**400, "\ud800")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
READS = {
    "text": JsonValue.text, "whole": JsonValue.whole, "number": JsonValue.number, "truth": JsonValue.truth,
    "digest": JsonValue.digest, "base64": JsonValue.base64, "items": JsonValue.items, "numbers": JsonValue.numbers,
    "record": JsonValue.record, "choice": lambda v: v.choice(("a", "b")), "pairs": lambda v: v.pairs(9),
    "fields": lambda v: v.fields(("a",), ("b",)), "a field": lambda v: v["a"].text(),
    "rows": lambda v: v.each(JsonValue.numbers), "maybe": lambda v: v.maybe(JsonValue.whole),
}  # fmt: skip


@pytest.mark.parametrize("kind", READS)
@given(ANYTHING)
def test_anything_is_read_or_refused_in_one_sentence(kind, value):
    try:
        READS[kind](LAMP.value(value))
    except LoadError as refusal:
        sentence = str(refusal)
        assert sentence.startswith("The lamp cannot be used: ")
        assert sentence.isprintable()
        assert len(sentence) < 400


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (JsonValue.whole, True), (JsonValue.whole, 1.0), (JsonValue.whole, -1), (JsonValue.whole, 2**63),
        (JsonValue.number, True), (JsonValue.number, math.nan), (JsonValue.number, math.inf),
        (JsonValue.number, 10**400), (JsonValue.number, "1"), (JsonValue.truth, 1), (JsonValue.truth, None),
        (JsonValue.text, "x\udcff"), (JsonValue.text, "x" * 2001), (JsonValue.text, b"x"),
        (JsonValue.numbers, [0.5, True]), (JsonValue.numbers, [10**400]), (JsonValue.numbers, {}),
        (JsonValue.digest, "A" * 64), (JsonValue.digest, "a" * 64 + "\n"), (JsonValue.base64, "a b="),
        (lambda v: v.items(2), [1, 2, 3]), (lambda v: v.items(None, 1), []), (lambda v: v.items(3, 3), [1, 2]),
        (lambda v: v.choice(("a",)), ["a"]), (lambda v: v.choice(("ab",)), "a"),
        (lambda v: v.fields(("a",)), {}), (lambda v: v.fields(("a",)), {"a": 1, "b": 2}),
        (lambda v: v["a"].maybe(JsonValue.whole), {}), (lambda v: v.pairs(1), {"a": 1, "b": 2}),
        (lambda v: v.pairs(1, 3), {"abcd": 1}), (lambda v: v.pairs(1), {"\ud800": 1}),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_near_to_right_is_refused(read, value):
    with pytest.raises(LoadError):
        read(LAMP.value(value))


def test_a_refusal_names_the_place_what_was_expected_and_what_to_do():
    lamp = LAMP.parse('{"name": 3, "parts": [{"watts": [1, true]}, 7], "deep": {"er": null}}', 4)
    for read, words in (
        (lambda: lamp["name"].text(), "the lamp (name) is no text of at most 2,000 characters"),
        (lambda: lamp["age"].whole(), "the lamp (age) is missing"),
        (lambda: lamp["deep"]["er"].whole(1, 9), "the lamp (deep.er) is no whole number from 1 to 9"),
        (lambda: lamp["parts"].items()[1].record(), "a part (parts[1]) is not a record of named fields"),
        (lambda: lamp["parts"].items()[0]["watts"].numbers(), "a part (parts[0].watts[1]) is no finite number"),
        (lambda: lamp["parts"].items(1), "the lamp (parts) is not a list of 0 to 1 entries"),
    ):
        with pytest.raises(LoadError) as refusal:
            read()
        assert str(refusal.value) == f"The lamp cannot be used: {words}. Save it again."


def test_without_words_the_path_stands_alone_and_only_its_end_where_it_is_long():
    plain = JsonReader("No: {why}.", EditError).value({"a" * 99: {"b": [[1, "x"]]}})
    with pytest.raises(EditError) as refusal:
        plain["a" * 99]["b"].each(JsonValue.numbers)
    assert str(refusal.value).endswith(".b[0][1] is no finite number.")
    value = plain
    for n in range(50):
        value = JsonValue(None, plain.reader, f"step{n}", value)
    with pytest.raises(EditError, match=r"^No: its \.\.\..{80} is neither true nor false\.$"):
        value.truth()


def test_braces_in_a_file_are_no_part_of_the_sentence():
    with pytest.raises(LoadError, match=r"is \{why\}; expected a"):
        LAMP.value("{why}").choice(("a",))


def test_a_refusal_of_a_part_becomes_one_of_the_whole():
    with pytest.raises(LoadError, match=r"^The lamp cannot be used: its bulb is gone \(Buy one\.\)\. Save it again\.$"):  # noqa: SIM117
        with LAMP.explaining("its bulb is gone"):
            raise UserError("Buy one.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested too deep"), ("[[1]]", "nested too deep"), ("{", "not JSON"), ("", "not JSON"),
        ('{"a":1,"a":1}', "a name appears twice"), ("[NaN]", "NaN is not a number"), ("[1e999]", "out of range"),
        ("9" * 21, "21 digits"), (b"\xff", "not text"),
    ],
)  # fmt: skip
def test_a_text_out_of_bounds_is_refused(text, words):
    with pytest.raises(LoadError, match=words):
        LAMP.parse(text, 1)


def test_brackets_inside_texts_do_not_count_as_depth():
    assert read_json('["[[[[", "\\"[["]', 1) == ["[[[[", '"[[']
