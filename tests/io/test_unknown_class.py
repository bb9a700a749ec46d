"""Weights of a class that no reader knows: what their refusal holds, here and from a reader process."""

import itertools
import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

import kanviz
from kanviz.errors import LoadError, UserError
from kanviz.io.contents import Tensors
from kanviz.io.layout_candidates import candidates
from kanviz.io.layout_choices import choices_of
from kanviz.io.layout_proposals import layouts_of
from kanviz.io.layout_reader import read_with
from kanviz.io.opened import Opened, opened
from kanviz.io.reader_process import Ask, packed, unpacked
from kanviz.io.reading import Readers
from kanviz.io.tensor_groups import groups_of
from kanviz.io.unknown_class import MOST_GROUPS, MOST_SHAPES, UnknownClass, layout_words, unknown_from_json
from kanviz.io.weight_layout import FUNCTIONS, WANTED, Place, WeightLayout, read_layout
from tests.io.test_efficient_kan import torch_file


def blocks(*sizes: int, head: str = "blocks") -> dict[str, torch.Tensor]:
    """Weights of a made-up class: splines of order 3 on five intervals, with a base and biases."""
    draw = torch.Generator().manual_seed(len(sizes))
    state = {}
    for n, (s, t) in enumerate(pairwise(sizes)):
        state |= {f"{head}.{n}.kan.coeffs": torch.randn(t, s, 8, generator=draw)}
        state |= {f"{head}.{n}.kan.knots": torch.linspace(-2.2, 2.2, 12)}
        state |= {f"{head}.{n}.kan.w": torch.randn(t, s, generator=draw)}
        state |= {f"{head}.{n}.kan.bias": torch.randn(t, generator=draw)}
    return state


def refusal(state: dict[str, torch.Tensor]) -> UnknownClass:
    with pytest.raises(UnknownClass) as refused:
        opened({"m.pt": torch_file(state)})
    return refused.value


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    found = Readers()
    yield found
    found.close()


def test_the_refusal_says_where_a_layout_is_given() -> None:
    words = str(refusal(blocks(2, 3, 1)))
    for remedy in ("of no KAN kanviz knows", "Open page", "kanviz layout FILE", 'layout="mine.json"', "--layout"):
        assert remedy in words


def test_the_refusal_lists_tensors_by_their_names_and_proposes_layouts() -> None:
    found = refusal(blocks(2, 3, 1))
    assert [group.named({0: "{layer}"}) for group in found.groups] == [
        f"blocks.{{layer}}.kan.{part}" for part in ("coeffs", "knots", "w", "bias")
    ]
    assert list(found.groups[0].shapes.values()) == [(3, 2, 8), (1, 3, 8)]
    assert found.tensors == 8
    assert found.proposals[0].coefficients == Place("blocks.{layer}.kan.coeffs", ("target", "source", "basis"))


def test_the_refusal_travels_and_a_layout_opens_there_as_here(readers: Readers) -> None:
    state = blocks(2, 3, 1)
    here, files = refusal(state), {"m.pt": torch_file(state)}
    with pytest.raises(UnknownClass) as refused:
        readers.read(files)
    there = refused.value
    assert (str(there), there.groups, there.tensors, there.proposals) == (
        str(here), here.groups, here.tensors, here.proposals,
    )  # fmt: skip
    one, two = (read(files, None, None, here.proposals[0]) for read in (opened, readers.read))
    assert isinstance(one, Opened)
    assert isinstance(two, Opened)
    assert two.kan.digest == one.kan.digest
    assert two.kan.notes == one.kan.notes


def test_a_layout_that_does_not_fit_is_refused_there_too(readers: Readers) -> None:
    layout = WeightLayout(Place("c", ("source", "target", "basis")), points=(-1.0, 1.0))
    with pytest.raises(LoadError, match="No tensor is called c"):
        readers.read({"m.pt": torch_file(blocks(2, 1))}, None, None, layout)


def test_a_question_carries_its_layout() -> None:
    ask = Ask(layout=WeightLayout(Place("ü.{layer}.c", ("source", "target", "basis")), points=(-1.0, 1.0)))
    assert unpacked(packed({"a": b"\n"}, ask)) == ({"a": b"\n"}, ask)


def test_of_many_tensors_the_refusal_holds_the_first() -> None:
    state = {f"{chr(97 + n % 26)}x{'y' * (n // 26)}.w": torch.ones(1) for n in range(2 * MOST_GROUPS)}
    found = refusal({**state, **{f"k.{n}.w": torch.ones(2) for n in range(2 * MOST_SHAPES)}})
    assert len(found.groups) == MOST_GROUPS
    assert found.tensors == 2 * MOST_GROUPS + 2 * MOST_SHAPES
    many = refusal({f"k.{n}.w": torch.ones(2) for n in range(2 * MOST_SHAPES)})
    assert [len(group.shapes) for group in many.groups] == [MOST_SHAPES]


def test_of_many_tensors_those_of_the_proposals_are_among_the_first() -> None:
    state = {f"{chr(97 + n % 26)}x{'y' * (n // 26)}.w": torch.ones(1) for n in range(2 * MOST_GROUPS)}
    found = refusal({**state, **blocks(2, 3, 1)})
    assert found.groups[0].parts == ("blocks.", ".kan.coeffs")
    assert found.proposals[0].points == Place("blocks.{layer}.kan.knots", ("knot",))


@pytest.mark.parametrize("name", ["a{}.c", "a.{layer}.c", "a" * 500, "a\u202e.c", "", ".", "0", "a.01.c"])
def test_odd_names_are_refused_as_others_are(name: str) -> None:
    state = {name: torch.ones(2, 3, 8), "grid": torch.linspace(-1, 1, 12)}
    assert all(WeightLayout.from_json(one.to_json()) == one for one in candidates(state))


@pytest.mark.parametrize("shape", [(0, 2, 8), (2, 0, 8), (2, 3, 0), (1, 1, 1)])
def test_empty_and_tiny_tensors_are_no_coefficients_of_splines(shape: tuple[int, ...]) -> None:
    assert all(one.function != "spline" for one in candidates({"c": torch.ones(shape)}))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '["a", [], -1, []]', '["a", [[["x"], [], []]], 1, []]', '["a", [], 1, ["{}"]]']
)
def test_what_is_no_refusal_is_refused(text: str) -> None:
    with pytest.raises(LoadError, match="cannot be"):
        unknown_from_json(text.encode())


# --- what is proposed -----------------------------------------------------------------------------------------------


def test_lists_of_tensors_are_layers(tmp_path: Path) -> None:
    state = {f"coef.{n}": torch.ones(t, s, 8) for n, (s, t) in enumerate([(2, 3), (3, 1)])}
    state |= {f"knots.{n}": torch.linspace(-1, 1, 12) for n in range(2)}
    first = candidates(state)[0]
    assert first.coefficients.name == "coef.{layer}"
    assert first.points == Place("knots.{layer}", ("knot",))
    torch.save(state, tmp_path / "m.pt")
    (tmp_path / "mine.json").write_text(first.to_json())
    assert kanviz.load(tmp_path / "m.pt", layout=tmp_path / "mine.json").shape == (2, 3, 1)


def test_a_number_that_never_changes_stays_in_the_name() -> None:
    state = {f"net.{n}.1.c": torch.ones(t, s, 8) for n, (s, t) in enumerate([(2, 3), (3, 1)])}
    assert candidates(state)[0].coefficients.name == "net.{layer}.1.c"


def test_of_several_networks_the_first_is_proposed() -> None:
    state = {f"{key}.{name}": part for key in "01" for name, part in blocks(2, 3, 2).items()}
    first = candidates(state)[0]
    assert first.coefficients.name == "0.blocks.{layer}.kan.coeffs"
    assert first.points == Place("0.blocks.{layer}.kan.knots", ("knot",))
    assert first.base_weight == Place("0.blocks.{layer}.kan.w", ("target", "source"))


def test_knots_of_a_layer_above_its_edges_are_found() -> None:
    edges = [(n, j, i) for n, (s, t) in enumerate([(2, 3), (3, 1)]) for j in range(t) for i in range(s)]
    state = {f"net.{n}.edge.{j}.{i}.c": torch.ones(8) for n, j, i in edges}
    first = candidates({**state, **{f"net.{n}.knots": torch.linspace(-1, 1, 12) for n in range(2)}})[0]
    assert first.coefficients == Place("net.{layer}.edge.{target}.{source}.c", ("basis",))
    assert first.points == Place("net.{layer}.knots", ("knot",))


def test_names_are_grouped_by_their_numbers() -> None:
    found = groups_of({"a.10.c": (1,), "a.9.c": (2,), "w1": (3,), "a.01.c": (4,)})
    assert [(group.parts, list(group.shapes)) for group in found] == [
        (("a.", ".c"), [(9,), (10,)]), (("w", ""), [(1,)]), (("a.01.c",), [()]),
    ]  # fmt: skip


def test_a_layout_in_words() -> None:
    assert layout_words(candidates(blocks(2, 3, 1))[0]) == (
        "B-splines of order 3, blocks.{layer}.kan.coeffs (target, source, basis), knots "
        "blocks.{layer}.kan.knots, silu with the weights blocks.{layer}.kan.w, biases blocks.{layer}.kan.bias"
    )


def test_weights_without_coefficients_propose_nothing(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.ones(3, 2), "fc.bias": torch.ones(3)}, tmp_path / "m.pt")
    with pytest.raises(LoadError, match="looks like the coefficients"):
        layouts_of(tmp_path / "m.pt")


def test_the_example_of_the_documents_opens_such_weights(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    state = blocks(2, 3, 1)
    torch.save({**state, "blocks.0.kan.steps": torch.ones(1)}, tmp_path / "m.pt")
    (tmp_path / "mine.json").write_text(example)
    kan = kanviz.load(tmp_path / "m.pt", layout=tmp_path / "mine.json")
    assert kan.layers[0].coef[1, 2].equal(state["blocks.0.kan.coeffs"][2, 1])
    assert WeightLayout.from_json(example).places.keys() <= WANTED.keys()
    described = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", text, re.MULTILINE))))
    assert {field.name for field in fields(WeightLayout)} <= described


def drawn(seed: int) -> dict[str, torch.Tensor]:
    """A few tensors with names and shapes as classes of all kinds have them, some without sense."""
    draw = random.Random(seed)
    pattern = draw.choice(["{2}", "net.{0}.{2}", "layers.{0}.kan.{2}", "edge.{0}.{1}.{2}", "{2}.{0}"])
    names = draw.sample(["coef", "w", "grid", "bias", "mask", "c1"], 4)
    sizes = [draw.choice([0, 1, 2, 3, 8, 12]) for _ in range(3)]
    state: dict[str, torch.Tensor] = {}
    for n, k, name in itertools.product(range(2), range(2), names):
        shape = [draw.choice(sizes) for _ in range(draw.randint(0, 3))]
        values = torch.linspace(-1, 1, shape[-1] if shape else 1).expand(shape or [1]).clone()
        state[pattern.format(n, k, name)] = values * draw.choice([1.0, 1.0, -1.0, float("nan")])
    return state


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_proposed_or_chosen_opens_or_is_refused_in_words(seed: int) -> None:
    state, draw = drawn(seed), random.Random(seed)
    tensors = Tensors(state, {}, "torch", ())
    choices = choices_of(groups_of({name: tuple(values.shape) for name, values in state.items()}))
    layouts = [json.loads(one.to_json()) for one in candidates(state)]
    for choice in choices:
        for axes in choice.axes("coefficients"):
            layout: dict[str, Any] = {"coefficients": {"name": choice.name, "axes": axes}, "points": [-1, 1]}
            layout["function"] = draw.choice(FUNCTIONS)
            for part in ("points", "width", "scale", "mask", "bias"):
                more = [(one.name, way) for one in choices for way in one.axes(part, choice.sizes(axes))]
                if more and draw.random() < 0.5:
                    layout[part] = dict(zip(("name", "axes"), draw.choice(more), strict=True))
            layouts.append(json.loads(json.dumps(layout)))
    for layout in layouts:
        with suppress(UserError):
            kan = read_with(tensors, read_layout(layout))
            assert kan(torch.zeros(2, kan.shape[0], dtype=kan.dtype)).shape == (2, kan.shape[-1])
