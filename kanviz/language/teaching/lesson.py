"""Prepares a model for a way to teach it: which numbers learn and how fast, and what holds them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from kanviz.core.curves.module import Curves
from kanviz.core.curves.rates import parameter_groups
from kanviz.core.spline import basis
from kanviz.errors import TrainError
from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel
from kanviz.language.optimiser import Flat
from kanviz.language.symbols import encode
from kanviz.language.teaching.gate import gate_between
from kanviz.language.teaching.model import KINDS, Addition, TaughtModel
from kanviz.language.teaching.policy import ADDS, LOCKS, TeachPolicy
from kanviz.language.training import LanguageTraining, passages

DRAWS = 48  # batches of which the curvature is computed
_USED = 8  # batches of the old text on which the use of control points is measured


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is taught. model: a copy, whose numbers that learn require gradients · factors: of the learning rate, for
    each of these numbers; 0 where it is locked · weights: how strongly each is pulled back to its start (EWC), or None.
    """

    model: LanguageModel
    factors: Float[Tensor, "number"]
    weights: Float[Tensor, "number"] | None = None


def prepare(policy: TeachPolicy, model: LanguageModel, new: Corpus, old: Corpus, seed: int) -> Lesson:
    """Prepare a lesson. Raises UserError where the policy does not fit the model or the texts."""
    if policy.name in ADDS:
        kind = policy.kind or (model.kind if model.kind in KINDS else "curves")
        gate = None
        if policy.name == "gate":
            gate = gate_between(new, old, model.sizes.context, policy.cells, policy.reach)
        addition = Addition(model.sizes, policy.units, kind, gate, seed)
        taught = TaughtModel(model, [addition]).requires_grad_(False)
        taught.additions[-1].requires_grad_()
        return Lesson(taught, _factors(taught))
    if policy.name in LOCKS:
        return _locked(policy, model, old, seed)
    found = copy.deepcopy(model).requires_grad_()
    weights = curvature(found, old, seed).mul_(policy.strength) if policy.anchors else None
    return Lesson(found, _factors(found), weights)


def curvature(model: LanguageModel, old: Corpus, seed: int) -> Float[Tensor, "number"]:
    """Compute Fisher's information of each number that learns, per character of the old text.

    From passages of the text, with each next character drawn from the model itself: then gradients of different
    characters do not add up on average, and those of a batch can be squared together. Sources: Kirkpatrick et al.,
    Overcoming catastrophic forgetting in neural networks, PNAS 2017; Kunstner et al., Limitations of the empirical
    Fisher approximation, NeurIPS 2019.
    """
    text, flat = encode(old.train), Flat(model)
    total = torch.zeros_like(flat.gradient)
    config = LanguageTraining(steps=DRAWS, seed=seed)
    rng = torch.Generator().manual_seed(seed)
    for step in range(1, DRAWS + 1):
        rows = passages(text, model.sizes.context, config, step)[:, :-1]
        flat.gradient.zero_()
        with torch.enable_grad():
            logits = model(rows).flatten(0, 1)
            drawn = torch.multinomial(logits.detach().softmax(1), 1, generator=rng).flatten()
            F.cross_entropy(logits, drawn, reduction="sum").backward()
        total.addcmul_(flat.gradient, flat.gradient, value=1 / (DRAWS * rows.numel()))
    return total


def _locked(policy: TeachPolicy, model: LanguageModel, old: Corpus, seed: int) -> Lesson:
    """Let the control points of the curves learn, but for the share that the old text uses most, or as many at
    random."""
    found = copy.deepcopy(model).requires_grad_(False)
    curves = [part for part in found.modules() if isinstance(part, Curves)]
    if not curves:
        raise TrainError(
            f'A lock of control points needs blocks with curves; this model has "{model.kind}". Teach it another way.'
        )
    for part in curves:
        part.coef.requires_grad_()
    used = torch.cat([use.flatten() for use in _use(found, curves, encode(old.train), seed)])
    if policy.name == "random-lock":
        used = torch.rand(used.shape, generator=torch.Generator().manual_seed(seed), dtype=used.dtype)
    lock = torch.zeros_like(used, dtype=torch.bool)
    lock[used.argsort(descending=True, stable=True)[: round(policy.locked * len(used))]] = True
    return Lesson(found, _factors(found).masked_fill(lock, 0.0))


@torch.no_grad()
def _use(
    model: LanguageModel, curves: list[Curves], text: Int64[Tensor, "characters"], seed: int
) -> list[Float64[Tensor, "_curve _basis"]]:
    """Measure how much the old text uses each control point: the mean of its basis function at the inputs."""
    found = [torch.zeros(part.coef.shape, dtype=torch.float64) for part in curves]
    hooks = [part.register_forward_hook(_counting(use)) for part, use in zip(curves, found, strict=True)]
    config = LanguageTraining(steps=_USED, seed=seed)
    try:
        for step in range(1, _USED + 1):
            model(passages(text, model.sizes.context, config, step)[:, :-1])
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _counting(use: Tensor) -> Callable[[Curves, tuple[Tensor, ...], Tensor], None]:
    def count(part: Curves, given: tuple[Tensor, ...], _: Tensor) -> None:
        low, high = part.borders()
        x = given[0].reshape(-1, part.units).clamp(low, high)
        table = basis(x, part.knots.expand(part.units, -1), part.order)  # rows, unit, basis
        use.add_(table.sum(0).double().unflatten(0, (-1, part.share)).sum(1))

    return count


def _factors(model: nn.Module) -> Float[Tensor, "number"]:
    """Return the factor of the learning rate for each number that learns: control points take larger steps."""
    factors = {one: group["lr"] for group in parameter_groups(model, 1.0) for one in group["params"]}
    return Flat(model).each(factors)
