"""Write a network as a PyTorch module that needs only torch."""

from collections.abc import Iterator

from kanviz.writers.array_layers import Dialect, layers
from kanviz.writers.printing import Language
from kanviz.writers.program import Program, numbers
from kanviz.writers.term import ONE_PLACE
from kanviz.writers.texts import about, nested

FIXED = ("ENDS", "SHIFT", "SCALE", "KNOTS", "PARAMETERS")  # what training leaves alone
TORCH = Language(
    calls={
        "pow": "torch.pow({0}, {1})",
        "max": "torch.clamp({0}, min={1})",
        "min": "torch.clamp({0}, max={1})",
        "more": "torch.where({0} > {1}, {2}, {3})",
        **{op: f"torch.{op}({{0}})" for op in ONE_PLACE},
    },
    number=lambda value: repr(float(value)),
    let="{name} = {value}",
    infinite='float("inf")',
    undefined='float("nan")',
)
DIALECT = Dialect(
    language=TORCH,
    array=lambda name: f"self.{name.lower()}",
    layer="def layer_{n}(self, x):",
    tanh="torch.tanh(x)",
    joined="torch.cat([x, {other}], 1)",
    rows_of="{0}.expand(len(x), -1)",
    rows="len(x)",
    full="torch.full_like(x, {0})",
    stack="torch.stack([{values}], -1)",
    below="(x - {end}).clamp(max=0)",
    above="(x - {end}).clamp(min=0)",
    slopes='torch.einsum("sm,smt->st", self.ends_{n}[{k}], self.coef_{n})',
    add="y = y.index_add(1, {targets}, values)",
    products="torch.stack([part.prod(1) for part in y.split({arity}, 1)], 1)",
)

SPLINES = '''

def b_splines(x, knots, order, lines):
    """The B-splines at x (rows, sources), as (rows, sources, basis), by de Boor's recursion.

    Beyond their knots they are 0. With lines, they keep their last values beyond the grid, to which lines are added.
    """
    low, high = (knots[:, order], knots[:, -1 - order]) if lines else (knots[:, 0], knots[:, -1])
    cells = torch.arange(knots.shape[1] - 1, device=x.device)
    last = (knots < high[:, None]).sum(1, keepdim=True) - 1  # the end belongs to the last cell before it
    starts = torch.where(cells > last, torch.inf, knots[:, :-1])
    ends = torch.where(cells < last, knots[:, 1:], torch.inf)
    z = x.clamp(low, high)[..., None]
    b = ((z >= starts) & (z < ends)).to(x.dtype)
    for p in range(1, order + 1):
        width = knots[:, p:] - knots[:, :-p]
        inverse = torch.where(width > 0, 1 / width, 0.0)
        rising = (z - knots[:, : -p - 1]) * inverse[:, :-1]
        falling = (knots[:, p + 1 :] - z) * inverse[:, 1:]
        b = rising * b[..., :-1] + falling * b[..., 1:]
    return b if lines else b * ((x >= low) & (x <= high)).to(x.dtype)[..., None]'''
NORM = """

def layer_norm(x, weight, bias):
    return nn.functional.layer_norm(x, x.shape[1:], weight, bias, {epsilon!r})"""
CLASS = '''

class Network(nn.Module):
    """x: (rows, {inputs}), in the order of INPUTS; gives (rows, {outputs}). It trains like any module.

    In float32 it is fast, in float64 exact: Network(torch.float64).
    """

    def __init__(self, dtype=torch.float32):
        super().__init__()
        for name, values in NUMBERS.items():
            tensor = torch.tensor(values)
            if not tensor.is_floating_point():
                self.register_buffer(name, tensor)
            elif name.startswith({fixed}):
                self.register_buffer(name, torch.tensor(values, dtype=dtype))
            else:
                self.register_parameter(name, nn.Parameter(torch.tensor(values, dtype=dtype)))

    def forward(self, x):
        x = (x - self.shift_in) / self.scale_in
{calls}
        return x * self.scale_out + self.shift_out'''
SOFTMAX = '''

    def probabilities(self, x):
        """The probability of each class, (rows, {outputs})."""
        return self(x).softmax(1)'''
CHECK = """

if __name__ == "__main__":
    rows = torch.tensor({rows}, dtype=torch.float64)
    expected = torch.tensor({values}, dtype=torch.float64)
    with torch.no_grad():
        found = Network(torch.float64)(rows)
    gap = (found - expected).abs().nan_to_num(0.0).max().item() / {largest!r}
    print(f"Largest difference from kanviz: {{gap:.2g}} of the largest output")"""


def torch_code(program: Program) -> str:
    """Write the network as a Python module with a class `Network`; run as a script, it checks itself.

    >>> import kanviz
    >>> from kanviz.writers.program import program_of
    >>> from kanviz.writers.torch_code import torch_code
    >>> "class Network(nn.Module):" in torch_code(program_of(kanviz.init([2, 1])))
    True
    """
    functions, written = layers(program, DIALECT)
    methods = "\n".join(f"    {line}".rstrip() for layer in written for line in ["", *layer])
    body = "\n".join([*functions, methods])
    sizes = {"inputs": len(program.inputs), "outputs": len(program.outputs)}
    calls = "\n".join(f"        x = self.layer_{n}(x)" for n in range(len(written)))
    parts = [
        SPLINES if "b_splines(" in body else "",
        NORM.format(epsilon=program.stages[0].epsilon) if "layer_norm(" in body else "",
        "\n".join(functions),
        CLASS.format(calls=calls, fixed=tuple(f"{name.lower()}_" for name in FIXED), **sizes),
        SOFTMAX.format(**sizes) if program.task == "classification" else "",
        methods,
        "\n\nNUMBERS = {",
        *_numbers(program),
        "}",
        CHECK.format(
            largest=program.largest,
            **{part: nested(getattr(program, part), TORCH, indent="    ") for part in ("rows", "values")},
        ),
    ]
    lines = [
        '"""' + about(program, "as a PyTorch module", "It needs PyTorch, and nothing of kanviz."),
        "Run this file to compare it with what kanviz computed.",
        '"""',
        "",
        "import torch",
        "from torch import nn",
        "",
        f"INPUTS = {[v.name for v in program.inputs]!a}",
        f"OUTPUTS = {[v.name for v in program.outputs]!a}",
        *(part for part in parts if part),
    ]
    return "\n".join(lines) + "\n"


def _numbers(program: Program) -> Iterator[str]:
    for name, values in numbers(program, ends=True):
        yield f'    "{name.lower()}": {nested(values, TORCH, indent="    ")},'
