"""Show the fields of a layout, filled in with one to begin with, and put the layout together that they say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import LoadError
from kanviz.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanviz.io.layout_choices import Choice, Sizes
    from kanviz.io.unknown_class import UnknownClass
    from kanviz.io.weight_layout import Place, WeightLayout

NONE, EVEN = "none", "an even grid"
FUNCTIONS = {
    "spline": "B-splines", "gaussian": "Gaussians", "sech2": "Bells 1 - tanh²", "chebyshev": "Chebyshev polynomials",
    "power": "Powers of x", "fourier": "Fourier series",
}  # fmt: skip
BELLS = ("gaussian", "sech2")
STEPS = {"": "nothing", "tanh": "tanh", "norm": "LayerNorm"}
OUTSIDE = {"zero": "are zero", "linear": "go on as straight lines"}


@dataclass(frozen=True)
class _Form:
    """The fields: what the file offers, what they begin with, and the start of their keys."""

    choices: "Sequence[Choice]"
    start: "WeightLayout | None"
    key: str

    def of_start(self, part: str, otherwise: Any = None) -> Any:
        return getattr(self.start, part) if self.start is not None else otherwise

    def tensor(
        self, part: str, title: str, sizes: "Sizes" = (), also: "Sequence[str]" = (NONE,), help: str | None = None
    ) -> "dict[str, Any] | str":
        """Ask for the tensor of a part and the order of its axes; return both, or one of the other answers `also`."""
        before: Any = self.of_start(part)
        used: Place | None = before if hasattr(before, "axes") else None
        fits = {choice.name: (choice, axes) for choice in self.choices if (axes := choice.axes(part, sizes))}
        names: list[str] = list(dict.fromkeys([*also, *([used.name] if used else []), *fits]))
        if not names:
            raise LoadError("No tensor of this file can be the coefficients: these have three axes, or two of them.")
        name = st.selectbox(
            title, names, index=names.index(used.name) if used else 0, key=f"{self.key}-{part}", help=help,
            format_func=lambda one: one if one in also else shown(one, 100),
        )  # fmt: skip
        if name in also:
            return name
        choice, orders = fits.get(name, (None, []))
        own = used.axes if used and used.name == name else None
        orders = [*([own] if own and own not in orders else []), *orders]
        axes = own or orders[0]
        if len(orders) > 1 or part == "coefficients":
            axes = st.selectbox(
                f"Axes of {title.lower()}", orders, index=orders.index(axes), key=f"{self.key}-{part}-axes-{name}",
                format_func=lambda order: _lengths(order, choice),
            )  # fmt: skip
        return {"name": name, "axes": list(axes)}

    def choose(self, part: str, title: str, options: dict[str, str], help: str | None = None) -> str:
        names = list(options)
        at = names.index(self.of_start(part, names[0]))
        return st.selectbox(
            title, names, index=at, key=f"{self.key}-{part}", format_func=lambda name: options[name], help=help
        )

    def sizes(self, place: "dict[str, Any]") -> "Sizes":
        """Return the lengths of the axes of the chosen coefficients."""
        there = next((one for one in self.choices if one.name == place["name"]), None)
        return there.sizes(place["axes"]) if there and len(there.shapes[0]) == len(place["axes"]) else ()


def _lengths(order: "Sequence[str]", choice: "Choice | None") -> str:
    """Write an order of axes with their lengths: target 3, source 2, basis 8."""
    names = [axis.replace(" ", " and ") for axis in order]
    if choice is None:
        return ", ".join(names)
    return ", ".join(f"{name} {length:,}" for name, length in zip(names, choice.shapes[0], strict=True))


def fields(found: "UnknownClass", start: "WeightLayout | None", key: str) -> "WeightLayout":
    """Show the fields and return the layout. Raises LoadError where they do not fit each other."""
    from kanviz.io.layout_choices import choices_of
    from kanviz.io.weight_layout import read_layout

    mark = start.to_json() if start is not None else ""
    form = _Form(choices_of(found.groups), start, f"{key}-{hash(mark):x}")
    left, right = st.columns(2, gap="small")
    with left:
        coefficients = form.tensor(
            "coefficients", "Coefficients", also=(), help="The numbers that the functions are multiplied by."
        )
    assert isinstance(coefficients, dict)
    sizes = form.sizes(coefficients)
    with right:
        function = form.choose("function", "Functions", FUNCTIONS)
        parts: dict[str, Any] = {"coefficients": coefficients, "function": function}
        if function == "spline" or function in BELLS:
            parts |= _points(form, function, sizes)
    with left:
        parts |= _base(form, sizes)
    with right:
        parts["bias"] = form.tensor("bias", "Biases", sizes, help="Added to each sum.")
    with st.expander("More: scale, mask, norm, ignored tensors"):
        parts |= _more(form, found, sizes, function)
    return read_layout({name: part for name, part in parts.items() if part not in (NONE, None)})


def _points(form: _Form, function: str, sizes: "Sizes") -> "dict[str, Any]":
    """Ask where the functions stand: a tensor of knots or centres, or an even grid."""
    title = "Knots" if function == "spline" else "Centres"
    points = form.tensor("points", title, sizes, also=(EVEN,))
    parts: dict[str, Any] = {"points": points}
    if points == EVEN:
        ends = form.of_start("points")
        low, high = ends if isinstance(ends, tuple) else (-1.0, 1.0)
        one, two = st.columns(2)
        parts["points"] = [
            one.number_input("From", value=low, format="%g", key=f"{form.key}-low"),
            two.number_input("To", value=high, format="%g", key=f"{form.key}-high"),
        ]
    if function == "spline":
        order = form.of_start("order")
        parts["order"] = st.number_input(
            "Order of the splines", 1, 10, order, key=f"{form.key}-order",
            placeholder="3, cubic" if points == EVEN else "from the number of knots",
        )  # fmt: skip
    else:
        width = form.of_start("width")
        parts["width"] = st.number_input(
            "Width", value=width if isinstance(width, float) else None, format="%g", key=f"{form.key}-width-number",
            placeholder="the distance of the centres", help="w in exp(-((x - c) / w)²) or 1 - tanh²((x - c) / w).",
        )  # fmt: skip
    return parts


def _base(form: _Form, sizes: "Sizes") -> "dict[str, Any]":
    """Ask for the base function, and for its weights if there is one."""
    from kanviz.core.layer import BASES

    base = form.choose(
        "base", "Base function", {"zero": NONE, **{name: name for name in BASES if name != "zero"}},
        help="A fixed function of each input, weighted and added to the curve; no file says which.",
    )  # fmt: skip
    if base == "zero":
        return {"base": base}
    return {"base": base, "base_weight": form.tensor("base_weight", "Weights of the base", sizes)}


def _more(form: _Form, found: "UnknownClass", sizes: "Sizes", function: str) -> "dict[str, Any]":
    """Ask for what few classes have."""
    left, right = st.columns(2, gap="small")
    parts: dict[str, Any] = {}
    with left:
        parts["scale"] = form.tensor("scale", "Factors of the coefficients", sizes)
        parts["mask"] = form.tensor("mask", "Mask", sizes, help="0 prunes an edge.")
        if function in BELLS:
            width = form.tensor("width", "Widths of the bells", sizes)
            parts |= {"width": width} if width != NONE else {}
    with right:
        parts["step"] = form.choose("step", "Before each layer", STEPS)
        if parts["step"] == "norm":
            parts["norm_weight"] = form.tensor("norm_weight", "Weights of the norm", sizes)
            parts["norm_bias"] = form.tensor("norm_bias", "Biases of the norm", sizes)
        if function == "spline":
            parts["outside"] = form.choose("outside", "Outside the grid curves", OUTSIDE)
    names = [group.named(dict.fromkeys(group.varying, "{layer}")) for group in found.groups]
    before = list(form.of_start("ignored", ()))
    parts["ignored"] = st.multiselect(
        "Ignored tensors", list(dict.fromkeys([*before, *names])), before, key=f"{form.key}-ignored",
        format_func=lambda name: shown(name, 100),
        help="Of a layer, but not used by the network, as a counter of steps. The network notes what was ignored.",
    )  # fmt: skip
    return parts
