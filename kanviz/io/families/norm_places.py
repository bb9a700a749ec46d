"""Finds out before which layer each norm of a network stands, and notes what is assumed for that."""

from dataclasses import replace

from kanviz.core.kan import Caution
from kanviz.core.layer import Layer
from kanviz.core.steps import EPSILON
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.norms import Norm
from kanviz.io.families.runs import Run
from kanviz.io.layer_runs import number
from kanviz.io.questions import Answers, Question
from kanviz.text import listing

NORMS = Question("norms", "whether the norms stand before or after the layers of their numbers", ("after", "before"))


def places(run: Run, layers: list[Layer], opened: Tensors, answers: Answers) -> list[Norm]:
    """Return the norms of a network with their places, in order. What neither numbers nor widths say is asked.

    Raises LoadError where the widths fit neither before nor after the layers.
    """
    found = [Norm(head, sum(number(layer) < number(head) for layer in run.heads)) for head in run.norms]
    if run.others:
        possible = [place for place in NORMS.choices if _fits(place, run, layers, opened)]
        if not possible:
            names = listing([head.removesuffix(".") for head in run.others], 6)
            raise LoadError(
                f"The norms between the layers ({names}) do not have the lengths of these layers. Save the KAN alone, "
                "without other parts of a model."
            )
        likeliest = "before" if _is_first(run, opened) else "after"
        place = answers.choose(replace(NORMS, assumed=likeliest)) if len(possible) > 1 else possible[0]
        found += [Norm(head, k + (place == "after")) for head, k in run.others.items()]
    return sorted(found, key=lambda norm: norm.at)


def _fits(place: str, run: Run, layers: list[Layer], opened: Tensors) -> bool:
    """Say whether all norms have the widths of this place."""
    widths = [layer.nodes if place == "after" else layer.takes for layer in layers]
    return all(Norm(head, k).width(opened) == widths[k] for head, k in run.others.items())


def _is_first(run: Run, opened: Tensors) -> bool:
    """Say whether the file lists a norm before the first layer, as modules called norm1, kan1 are that were made so.

    The order of norms in a list of their own says nothing.
    """
    if not run.stems:
        return False
    first = next(name for name in opened if name.startswith((run.heads[0], *run.others)))
    return not first.startswith(run.heads[0])


def notes_of(norms: list[Norm], opened: Tensors, layers: int) -> list[str]:
    """Note what the norms are taken to be: no file says which kind a module is, nor its epsilon.

    layers: their number.
    """
    notes: list[str] = []
    last = [norm.head.removesuffix(".") for norm in norms if norm.at == layers and not norm.is_batch(opened)]
    if last:
        notes.append(
            f"For {listing(last)}, after the last layer, one more layer is shown, whose edges are the formula x."
        )
    for batch, words in (
        (False, "Read as LayerNorm before the next layer"),
        (True, "Read as BatchNorm in evaluation mode, multiplied into the layer before it"),
    ):
        heads = [norm.head.removesuffix(".") for norm in norms if norm.is_batch(opened) == batch]
        if heads:
            notes.append(
                Caution(f"{words}, with torch's epsilon {EPSILON:g}, which no file says: {listing(heads, 6)}.")
            )
    return notes
