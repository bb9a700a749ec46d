"""pykan's forward pass in plain numpy, written from its published formulas; it shares no code with kanviz.

`state` maps pykan's names to arrays, `config` is the dictionary behind its _config.yml. Also makes random checkpoints
with everything pykan allows switched on, and writes them as the two files that pykan writes.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import yaml

FUNCTIONS = {
    "0": lambda u: 0 * u,
    "x": lambda u: u,
    "x^2": lambda u: u**2,
    "x^3": lambda u: u**3,
    "1/x^2": lambda u: 1 / u**2,
    "sqrt": np.sqrt,
    "x^0.5": np.sqrt,
    "x^1.5": lambda u: np.sqrt(u) ** 3,
    "1/x^0.5": lambda u: 1 / np.sqrt(u),
    "exp": np.exp,
    "log": np.log,
    "abs": np.abs,
    "sin": np.sin,
    "sgn": np.sign,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "gaussian": lambda u: np.exp(-(u**2)),
}
BASES = {"silu": lambda x: x / (1 + np.exp(-x)), "identity": lambda x: x, "zero": lambda x: 0 * x}


@dataclass
class Checkpoint:
    state: dict[str, np.ndarray]
    config: dict[str, Any]

    def files(self, name: str = "model") -> dict[str, bytes]:
        """What pykan's saveckpt writes, without the cached data."""
        room = io.BytesIO()
        torch.save({key: torch.from_numpy(value) for key, value in self.state.items()}, room)
        config = yaml.dump(self.config, default_flow_style=False).encode()
        return {f"{name}_config.yml": config, f"{name}_state": room.getvalue()}


@dataclass
class LayerRun:
    nodes_in: np.ndarray  # rows, source
    edges: np.ndarray  # rows, target, source
    sums: np.ndarray  # rows, target
    factors: np.ndarray  # target: what kanviz folds into each edge


def spline_basis(x: np.ndarray, knots: np.ndarray, order: int) -> np.ndarray:
    """All basis functions at x by the Cox-de Boor recursion, 0/0 read as 0 at every level as pykan does."""
    values = ((x[:, None] >= knots[:-1]) & (x[:, None] < knots[1:])).astype(x.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        for p in range(1, order + 1):
            rising = (x[:, None] - knots[: -(p + 1)]) / (knots[p:-1] - knots[: -(p + 1)]) * values[:, :-1]
            falling = (knots[p + 1 :] - x[:, None]) / (knots[p + 1 :] - knots[1:-p]) * values[:, 1:]
            values = np.nan_to_num(rising + falling)
    return values


def columns(config: dict) -> list[tuple[int, list[int]]]:
    """Per column of nodes: the number of sum nodes, and the arity of each product node."""
    pairs = [(w, 0) if isinstance(w, int) else tuple(w) for w in config["width"]]
    arity = config["mult_arity"]
    return [(s, [arity] * m if isinstance(arity, int) else arity[n] if m else []) for n, (s, m) in enumerate(pairs)]


def forward(state: dict[str, np.ndarray], config: dict, x: np.ndarray) -> tuple[np.ndarray, list[LayerRun]]:
    """The outputs, and what flowed through each layer."""
    runs = []
    for n, (sums, arities) in enumerate(columns(config)[1:]):
        at = f"act_fun.{n}"
        grid, coef, mask = state[f"{at}.grid"], state[f"{at}.coef"], state[f"{at}.mask"]
        order = grid.shape[1] - coef.shape[2] - 1
        edges = np.zeros((len(x), coef.shape[1], coef.shape[0]), x.dtype)
        for i in range(coef.shape[0]):
            splines = spline_basis(x[:, i], grid[i], order) @ coef[i].T
            base = BASES[config["base_fun_name"]](x[:, i])[:, None]
            learned = mask[i] * (state[f"{at}.scale_base"][i] * base + state[f"{at}.scale_sp"][i] * splines)
            edges[:, :, i] = learned
            for j in range(coef.shape[1]):
                weight = state[f"symbolic_fun.{n}.mask"][j, i]
                if weight != 0:
                    a, b, c, d = state[f"symbolic_fun.{n}.affine"][j, i]
                    function = FUNCTIONS[config[f"symbolic.funs_name.{n}"][j][i]]
                    edges[:, j, i] += weight * (c * function(a * x[:, i] + b) + d)
        totals = state[f"subnode_scale_{n}"] * edges.sum(2) + state[f"subnode_bias_{n}"]
        nodes, factors, at_sum = list(totals[:, :sums].T), state[f"subnode_scale_{n}"].copy(), sums
        for arity in arities:
            nodes.append(np.prod(totals[:, at_sum : at_sum + arity], axis=1))
            at_sum += arity
        firsts = [*range(sums), *(sums + sum(arities[:q]) for q in range(len(arities)))]
        factors[firsts] *= state[f"node_scale_{n}"]
        runs.append(LayerRun(x, edges, totals, factors))
        x = state[f"node_scale_{n}"] * np.stack(nodes, 1) + state[f"node_bias_{n}"]
    return x, runs


def random_checkpoint(
    rng: np.random.Generator,
    width: list,
    mult_arity: int | list = 2,
    grid: int | list = 4,
    order: int | list = 3,
    base: str = "silu",
    affine: bool = False,
    masks: tuple[float, ...] = (1.0,),
    symbolic: tuple[str, ...] = (),
    dtype: type = np.float64,
) -> Checkpoint:
    """A network with random weights and uneven grids; `symbolic` names go, beside the splines, on every third edge."""
    config: dict[str, Any] = {
        "width": width, "grid": grid, "k": order, "mult_arity": mult_arity, "base_fun_name": base,
        "symbolic_enabled": True, "affine_trainable": affine, "grid_eps": 0.02, "grid_range": [-1, 1],
        "sp_trainable": True, "sb_trainable": True, "state_id": 0, "auto_save": True, "ckpt_path": "./model",
        "round": 0, "device": "cpu",
    }  # fmt: skip
    shape, state = columns(config), {}
    for n in range(len(shape) - 1):
        (sums_in, arities_in), (sums, arities) = shape[n], shape[n + 1]
        sources, nodes, targets = sums_in + len(arities_in), sums + len(arities), sums + sum(arities)
        k = order if isinstance(order, int) else order[n]
        intervals = grid if isinstance(grid, int) else grid[n]
        steps = rng.uniform(0.5, 1.5, (sources, intervals + 2 * k)) * 2.4 / intervals
        knots = np.concatenate([np.zeros((sources, 1)), steps.cumsum(1)], 1)
        state[f"act_fun.{n}.grid"] = knots - knots[:, [k]] - 1.2
        state[f"act_fun.{n}.coef"] = rng.normal(0, 0.6, (sources, targets, intervals + k))
        state[f"act_fun.{n}.mask"] = rng.choice(masks, (sources, targets))
        state[f"act_fun.{n}.scale_base"] = rng.normal(0, 0.5, (sources, targets))
        state[f"act_fun.{n}.scale_sp"] = rng.uniform(0.5, 1.5, (sources, targets))
        names = [["0"] * sources for _ in range(targets)]
        state[f"symbolic_fun.{n}.mask"] = np.zeros((targets, sources))
        state[f"symbolic_fun.{n}.affine"] = np.tile([1.0, 0.0, 1.0, 0.0], (targets, sources, 1))
        if symbolic:
            for place in range(0, sources * targets, 3):
                j, i = divmod(place, sources)
                names[j][i] = symbolic[place // 3 % len(symbolic)]
                state[f"symbolic_fun.{n}.mask"][j, i] = rng.choice(masks)
                # b keeps roots and logarithms in their domain
                state[f"symbolic_fun.{n}.affine"][j, i] = [rng.uniform(0.05, 0.2), 3.0, *rng.normal(0, 0.3, 2)]
        config[f"symbolic.funs_name.{n}"] = names
        for part, length in (("node", nodes), ("subnode", targets)):
            state[f"{part}_scale_{n}"] = rng.uniform(0.5, 1.5, length) if affine else np.ones(length)
            state[f"{part}_bias_{n}"] = rng.normal(0, 0.3, length) if affine else np.zeros(length)
    return Checkpoint({name: value.astype(dtype) for name, value in state.items()}, config)
