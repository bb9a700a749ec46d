"""Writes and reads language models as safetensors files that restore the identical model, and its training if wanted.

The learned numbers are tensors under the names of torch's `state_dict`; the rest is one JSON text in the metadata. A
checksum over everything refuses a file that another program changed.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kanviz.core.curves.feed_forward import KINDS
from kanviz.errors import LoadError, UserError
from kanviz.io.containers import open_tensors
from kanviz.io.file_view import FileView, content_of
from kanviz.io.native import CHECKSUM, checksum
from kanviz.io.safetensors_file import write_safetensors
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.language.model import MOST, SIZES, LanguageModel, Sizes
from kanviz.language.optimiser import Flat, Numbers
from kanviz.language.saved import SavedModel
from kanviz.language.schedule import LEAST_SECONDS, MOST_SECONDS, MOST_STEPS, Plan
from kanviz.language.symbols import SYMBOLS
from kanviz.language.teaching.gate import Gate
from kanviz.language.teaching.model import KINDS as ADDED
from kanviz.language.teaching.model import Addition, TaughtModel
from kanviz.language.training import LEAST_RATE, MOST_BATCH, MOST_SEED, LanguageState, LanguageTraining
from kanviz.text import shown
from kanviz.writing import write

FORMAT = 1
HEADER = "kanviz.language"
DEEPEST = 4
OF_A_GATE = ".ratios", ".heights", ".reach"  # names of its numbers
MOMENTS = "training.first", "training.second"
ENDING = ".safetensors"
LANGUAGE = JsonReader("This file of a language model cannot be used: {why}. Open an earlier copy, or train it again.")


def save(saved: SavedModel, path: str | os.PathLike[str]) -> None:
    """Write a language model as a .safetensors file; an old file is replaced only when the new one is complete.

    Raises UserError for another ending, or where writing fails.

    >>> import pathlib, tempfile
    >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, SavedModel, Sizes, load, save, train
    >>> tiny, text = Sizes("gelu", width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
    >>> *_, last = train(LanguageModel(tiny), text, LanguageTraining(steps=3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(SavedModel.of(last, text), path := pathlib.Path(folder, "model.safetensors"))
    ...     load(path).steps
    3
    """
    path = Path(path)
    if path.suffix != ENDING:
        raise UserError(f"A language model is saved as {ENDING}. Name the file {shown(path.stem or 'model')}{ENDING}.")
    write(path, to_bytes(saved))


def load(path: str | os.PathLike[str]) -> SavedModel:
    """Read a language model that `kanviz.language.save` wrote.

    Raises LoadError for a file that is no such model, or is damaged, forged, newer or too large.

    >>> import pathlib, tempfile
    >>> from kanviz.errors import LoadError
    >>> from kanviz.language import load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "model.safetensors").write_bytes(b"no model")
    ...     try:
    ...         load(pathlib.Path(folder, "model.safetensors"))
    ...     except LoadError as refusal:
    ...         print(str(refusal)[:22])
    Not a model file kanvi
    """
    path = Path(path)
    data = content_of(path, whole=True)
    if isinstance(data, FileView):
        raise LoadError(f"{shown(path.name)} is too large for a language model of kanviz.")
    return from_bytes(data, path.name)


def to_bytes(saved: SavedModel) -> bytes:
    """Return the bytes of the file; the same model gives the same bytes. Raises UserError for other than float32."""
    tensors, state = _tensors(saved.model), saved.state
    if any(part.dtype is not torch.float32 for part in tensors.values()):
        raise UserError("A language model is saved in float32. Change it first, with model.float().")
    if state is not None:
        if len(state.numbers.theta) < sum(part.numel() for part in saved.model.parameters()):
            raise UserError(
                "A training that leaves parameters frozen cannot be saved to go on. Save it without its state."
            )
        tensors |= dict(zip(MOMENTS, (state.numbers.first, state.numbers.second), strict=True))
    header = {
        "format": FORMAT,
        "symbols": SYMBOLS,
        "sizes": saved.model.sizes.to_json(),
        **_additions_record(saved.model),
        "text": {"name": saved.text, "sha256": saved.sha256, "source": saved.source},
        "steps": saved.steps,
        "seconds": saved.seconds,
        "bits": saved.bits,
        "state": None if state is None else _state_record(state),
    }
    text = json.dumps(header, sort_keys=True, allow_nan=False, separators=(",", ":"))
    data = write_safetensors(tensors, {HEADER: text, CHECKSUM: checksum(text, tensors)})
    from_bytes(data)  # never return a file that cannot be opened again
    return data


def from_bytes(data: bytes, name: str = "model.safetensors") -> SavedModel:
    """Read the bytes of such a file. Raises LoadError as `load` does."""
    opened = open_tensors(data, name)
    if HEADER not in opened.metadata:
        raise LoadError(
            f"{shown(name)} is no language model of kanviz. If it holds a KAN, open it with kanviz.load or in the app."
        )
    text = opened.metadata[HEADER]
    header = LANGUAGE.parse(text, DEEPEST)
    form = header["format"].whole(1)
    if form > FORMAT:
        raise LoadError(
            f"Saved by a newer kanviz (file format {form}; this one reads up to {FORMAT}). Update kanviz to open it."
        )
    header.fields({"format", "symbols", "sizes", "text", "steps", "seconds", "bits", "state"}, {"additions"})
    odd = [*opened.others, *opened.odd]
    if odd:
        raise LANGUAGE.refusal(f"{shown(odd[0])} is no tensor of weights")
    if opened.metadata.get(CHECKSUM) != checksum(text, opened.tensors):
        raise LANGUAGE.refusal("it was changed or damaged after kanviz saved it (its checksum does not fit)")
    if header["symbols"].text() != SYMBOLS:
        raise LANGUAGE.refusal("it has other symbols than the 96 of kanviz")
    model = _model(header, opened.tensors, header["state"].value is not None)
    origin = header["text"].fields({"name", "sha256", "source"})
    saved = SavedModel(
        model, origin["name"].text(), origin["sha256"].digest(), origin["source"].text(),
        header["steps"].whole(0, MOST_STEPS), header["seconds"].number(0, 1e9), header["bits"].maybe(JsonValue.number),
    )  # fmt: skip
    return saved if header["state"].value is None else _resumable(saved, header["state"], opened.tensors)


def _tensors(model: LanguageModel) -> dict[str, Tensor]:
    """Return the numbers of a model by name: those it learns, and knots."""
    return {name: part for name, part in model.state_dict().items() if part.is_floating_point()}


def _additions_record(model: LanguageModel) -> dict[str, Any]:
    """Return what was added to a model that was taught, for the header; nothing for others."""
    if not isinstance(model, TaughtModel):
        return {}
    return {
        "additions": [
            {"kind": one.kind, "units": one.units, "points": None if one.gate is None else len(one.gate.heights)}
            for one in model.all_additions
        ]
    }


def _model(header: JsonValue, tensors: Mapping[str, Tensor], with_state: bool) -> LanguageModel:
    """Make the model of these sizes and numbers; what a forged header asks for is weighed against the file first."""
    record = header["sizes"].fields(SIZES)
    whole = {name: record[name].whole(1, most) for name, most in MOST.items()}
    there = sum(part.numel() for part in tensors.values())
    least = whole["width"] * (2 * len(SYMBOLS) + whole["context"]) + 4 * whole["blocks"] * whole["width"] ** 2
    if least > there or whole["blocks"] * whole["parameters"] > 2 * there:
        raise LANGUAGE.refusal("its sizes ask for more numbers than it has")
    with LANGUAGE.explaining("its sizes are not possible"):
        model = LanguageModel(Sizes(record["kind"].choice(KINDS), **whole))
        if "additions" in header:
            model = TaughtModel(model, header["additions"].each(lambda one: _addition(one, model.sizes, there), 100, 1))
    mine = _tensors(model)
    found = set(tensors) - set(MOMENTS if with_state else ())
    if found != set(mine):
        raise LANGUAGE.refusal(f"its numbers and sizes disagree about {shown(sorted(found ^ set(mine))[0])}")
    learned = {name for name, _ in model.named_parameters()} | {name for name in mine if name.endswith(OF_A_GATE)}
    for name, part in mine.items():
        if tensors[name].shape != part.shape or tensors[name].dtype != part.dtype:
            raise LANGUAGE.refusal(f"{shown(name)} has another shape or precision than its sizes say")
        if not bool(torch.isfinite(tensors[name]).all()):
            raise LANGUAGE.refusal(f"{shown(name)} has NaN or infinity")
        if name not in learned and not torch.equal(tensors[name], part):
            raise LANGUAGE.refusal(f"{shown(name)} is not what its sizes say")
    model.load_state_dict({**model.state_dict(), **{name: tensors[name] for name in mine}})
    gates = [one.gate for one in model.all_additions] if isinstance(model, TaughtModel) else []
    if any(gate is not None and bool(gate.heights[gate.locked].any()) for gate in gates):
        raise LANGUAGE.refusal("its gate is open where it is locked")
    return model


def _addition(found: JsonValue, sizes: Sizes, there: int) -> Addition:
    """Make units that were added, which take on their numbers later."""
    found.fields({"kind", "units", "points"})
    units, points = found["units"].whole(1, there), found["points"].maybe(lambda value: value.whole(2, there))
    if 2 * units * sizes.width * sizes.blocks > there:
        raise LANGUAGE.refusal("its additions ask for more numbers than it has")
    gate = None
    if points is not None:
        gate = Gate(torch.zeros(len(SYMBOLS), len(SYMBOLS)), torch.zeros(points), 0.0)
    return Addition(sizes, units, found["kind"].choice(ADDED), gate)


def _state_record(state: LanguageState) -> dict[str, Any]:
    config = state.config
    return {
        "seconds": config.seconds, "steps": config.steps, "rate": config.rate, "seed": config.seed,
        "batch": config.batch, "planned": state.plan.steps, "next": state.plan.next, "step": state.numbers.step,
        "spent": state.spent,
    }  # fmt: skip


def _resumable(saved: SavedModel, record: JsonValue, tensors: Mapping[str, Tensor]) -> SavedModel:
    """Return the same with the state of its training."""
    record.fields({"seconds", "steps", "rate", "seed", "batch", "planned", "next", "step", "spent"})
    model = saved.model
    start = Flat(model).start()
    moments = [tensors.get(name, torch.empty(0)) for name in MOMENTS]
    for name, part in zip(MOMENTS, moments, strict=True):
        if part.shape != start.theta.shape or part.dtype != start.theta.dtype or not bool(torch.isfinite(part).all()):
            raise LANGUAGE.refusal(f"{name} does not fit its numbers")
    if bool((moments[1] < 0).any()):
        raise LANGUAGE.refusal(f"{MOMENTS[1]} has numbers below 0")
    config = LanguageTraining(
        record["seconds"].maybe(lambda value: value.number(LEAST_SECONDS, MOST_SECONDS)),
        record["steps"].maybe(lambda value: value.whole(1, MOST_STEPS)),
        record["rate"].maybe(lambda value: value.number(LEAST_RATE, 1)),
        record["seed"].whole(0, MOST_SEED),
        record["batch"].whole(1, MOST_BATCH),
    )
    with LANGUAGE.explaining("its training cannot go on"):
        Plan.of(config.steps, config.seconds)
    plan = Plan(record["planned"].whole(1, MOST_STEPS), record["next"].whole(0, MOST_STEPS))
    numbers = Numbers(start.theta, moments[0], moments[1], record["step"].whole(1, MOST_STEPS))
    state = LanguageState(model, config, plan, numbers, record["spent"].number(0, 1e9), saved.sha256)
    return SavedModel(
        model, saved.text, saved.sha256, saved.source, saved.steps, saved.seconds, saved.bits, state
    )  # fmt: skip
