"""Write a session as a Python script: the first network, every edit by its constructor, and a check of the result.

Text from users or files (names, labels, formulas, file names) is in it only as string literals. The script ends, with a
message, at the first step that cannot be done again: it never makes a different network silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kanviz.core.kan import KAN
from kanviz.edit.edits import Batch, Edit, Retrain
from kanviz.edit.history import LONGEST, History
from kanviz.edit.network_edits import AIDS
from kanviz.edit.recipe import Recipe
from kanviz.edit.source import WIDTH, imports, pieces, written
from kanviz.errors import EditError
from kanviz.text import counted
from kanviz.version import VERSION

RESULT = "changed.safetensors"
CALL = "history = history.apply("


@dataclass(frozen=True)
class Stop:
    """The first step that a script cannot do again: its number, counted from 1, and the reason as text.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.script import first_stop
    >>> training = kanviz.edit.Retrain(kanviz.TrainConfig(), data_digest="abc", steps=5)
    >>> first_stop([training], rows={}).step
    1
    """

    step: int
    why: str


def script(history: History, start_file: str, rows: Mapping[str, str] | None = None, *, result: str = RESULT) -> str:
    """Write the steps from the first version to the current one as a Python script.

    start_file: the file of the first version, as `kanviz.save` writes it. rows: files of rows (`kanviz.load_rows`), by
    the digest of the rows in the network's columns; each training uses its own, and errors are printed for the first
    file. result: the file that the script writes. The script looks for files in the folder in which it is run.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.script import script
    >>> history = kanviz.History.start(kanviz.init([2, 1]))
    >>> history = history.apply(kanviz.edit.MoveControlPoint(kanviz.EdgeId(0, 1, 0), 0, 0.5))
    >>> code = script(history, "start.safetensors")
    >>> next(line for line in code.splitlines() if "MoveControlPoint(" in line)
    'history = history.apply(MoveControlPoint(EdgeId(0, 1, 0), 0, 0.5))'
    """
    past = history.versions[: history.at + 1]
    steps = [(version.edit, version.name) for version in past[1:] if version.edit is not None]
    start, end = past[0].kan.digest, history.present
    return _script(_Session(start, past[0].name, steps, end), start_file, rows or {}, result)


def recipe_script(
    recipe: Mapping[str, Any], end: KAN, start_file: str, rows: Mapping[str, str] | None = None, *, result: str = RESULT
) -> str:
    """Write a script, as `script` does, from a recipe in a saved file and the network that it leads to.

    Raises EditError where the recipe is damaged, too long, or leads to another network.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.script import recipe_script, script
    >>> history = kanviz.History.start(kanviz.init([2, 1]))
    >>> history = history.apply(kanviz.edit.MoveControlPoint(kanviz.EdgeId(0, 1, 0), 0, 0.5))
    >>> recipe_script(history.recipe(), history.present, "a.safetensors") == script(history, "a.safetensors")
    True
    """
    found = Recipe.from_json(recipe)
    if found.end != end.digest:
        raise EditError("This recipe leads to another network than the one it came with; save the network again.")
    if len(found.edits) >= LONGEST:
        raise EditError(f"The recipe has {len(found.edits)} steps; a history, and so a script, holds {LONGEST - 1}.")
    steps = [(edit, "") for edit in found.edits]
    return _script(_Session(found.start, "", steps, end), start_file, rows or {}, result)


def tables_needed(edits: Sequence[Edit]) -> tuple[str, ...]:
    """List the digests of the rows that the trainings among these edits used, each once, in order of use.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.script import tables_needed
    >>> training = kanviz.edit.Retrain(kanviz.TrainConfig(), data_digest="abc", steps=5)
    >>> tables_needed([training, kanviz.edit.RefineGrid(0, 20), training])
    ('abc',)
    """
    return tuple(dict.fromkeys(found for edit in edits if (found := getattr(edit, "data_digest", ""))))


def first_stop(edits: Sequence[Edit], rows: Mapping[str, Any]) -> Stop | None:
    """Find the step at which a script of these edits ends early, given rows by digest; None if it does all steps.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.script import first_stop
    >>> edits = [kanviz.edit.RefineGrid(0, 20), kanviz.edit.Retrain(kanviz.TrainConfig(), data_digest="abc", steps=5)]
    >>> first_stop(edits, rows={}).step, first_stop(edits, rows={"abc": "rows.safetensors"})
    (2, None)
    """
    for n, edit in enumerate(edits, 1):
        needs, aided = getattr(edit, "data_digest", ""), _aid(edit)
        if aided:
            return Stop(n, f"it was a training with {AIDS[aided]}, and the old rows are in no recipe")
        if needs and needs not in rows:
            return Stop(n, f"it was a training on a table that is not loaded (its digest begins {needs[:12]!r})")
    return None


def _aid(edit: Edit) -> str:
    if isinstance(edit, Batch):
        return next((aided for part in edit.edits if (aided := _aid(part))), "")
    return edit.aid if isinstance(edit, Retrain) else ""


@dataclass(frozen=True)
class _Session:
    """The content of a script: digest and name of the start, each edit with its version's name, the end network."""

    start: str
    name: str
    steps: Sequence[tuple[Edit, str]]
    end: KAN


def _script(session: _Session, start_file: str, rows: Mapping[str, str], result: str) -> str:
    edits = [edit for edit, _ in session.steps]
    stop = first_stop(edits, rows)
    done = session.steps[: stop.step - 1] if stop else session.steps
    needed = tables_needed([edit for edit, _ in done])
    names = _row_names(rows, needed)
    parts = [
        _opening(edits, [edit for edit, _ in done], needed),
        _start(session, start_file),
        "\n".join(f"{name} = kanviz.load_rows({written(rows[digest])})" for digest, name in names.items()),
        "\n".join(_step(n, edit, name, names) for n, (edit, name) in enumerate(done, 1)),
        _stopped(stop, len(edits)) if stop else _end(session, needed, next(iter(names.values()), ""), result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _row_names(rows: Mapping[str, str], needed: Sequence[str]) -> dict[str, str]:
    """Choose variable names for the rows that are used, by digest: the first rows, and those of trainings."""
    used = [digest for n, digest in enumerate(rows) if n == 0 or digest in needed]
    return {digest: "rows" if n == 1 else f"rows_{n}" for n, digest in enumerate(used, 1)}


def _opening(edits: Sequence[Edit], done: Sequence[Edit], needed: Sequence[str]) -> str:
    lines = [f'"""What was done to a network in kanviz {VERSION}: {counted(len(edits), "step")}."""', ""]
    lines += ["import torch", ""] if needed else []
    lines += ["import kanviz"]
    homes = imports(done)
    homes["kanviz"] = sorted([*homes.get("kanviz", ()), "History"])
    for home, names in sorted(homes.items()):
        line = f"from {home} import {', '.join(names)}"
        each = "".join(f"\n    {name}," for name in names)
        lines.append(line if len(line) <= WIDTH else f"from {home} import ({each}\n)")
    if needed:
        lines += ["", "torch.set_num_threads(1)  # as in the app: sums in another order end in other bits"]
    return "\n".join(lines)


def _start(session: _Session, start_file: str) -> str:
    named = f".named({written(session.name)})" if session.name else ""
    return "\n".join(
        [
            f"start = kanviz.load({written(start_file)})",
            f"if start.digest != {written(session.start)}:",
            '    raise SystemExit("The file holds another network than the one these steps were done to.")',
            f"history = History.start(start){named}",
        ]
    )


def _step(n: int, edit: Edit, name: str, rows: Mapping[str, str]) -> str:
    table = rows.get(getattr(edit, "data_digest", ""), "")
    more = f", {table}" if table else ""
    code = written(edit, WIDTH - len(CALL) - len(more) - 1)
    if "\n" in code:
        inner = written(edit, WIDTH - 4).replace("\n", "\n    ")
        call = f"{CALL}\n    {inner},\n" + (f"    {table},\n)" if table else ")")
    else:
        call = f"{CALL}{code}{more})"
    return "\n".join([f"# Step {n}", call, *([f"history = history.named({written(name)})"] if name else [])])


def _stopped(stop: Stop, steps: int) -> str:
    left = counted(steps - stop.step + 1, "step")
    words = (
        f"Step {stop.step} cannot be done again: {stop.why}. This script ends before it and has written nothing; "
        f"{left} of {steps} are left out. Open the network as it was after step {stop.step} and go on from there."
    )
    return f"# Step {stop.step}\n{_call('raise SystemExit', words)}"


def _end(session: _Session, needed: Sequence[str], rows: str, result: str) -> str:
    why = (
        "Its trainings end in other bits on another kind of processor or with another version of PyTorch or kanviz."
        if needed
        else "Use the version of kanviz that wrote this script."
    )
    differs = f"This is NOT the same network, bit for bit, as the one these steps made before. {why}"
    return "\n".join(
        [
            "end = history.present",
            f"if end.digest == {written(session.end.digest)}:",
            '    print("The network is the same, bit for bit, as the one these steps made before.")',
            "else:",
            f"    {_call('print', differs)}".replace("\n", "\n    "),
            *(_errors(session.end, rows) if rows else []),
            f"kanviz.save(end, {written(result)}, recipe=history.recipe())",
        ]
    )


def _call(what: str, words: str) -> str:
    inside = "".join(f"\n    {piece}" for piece in pieces(words))
    return f"{what}({inside}\n)"


def _errors(kan: KAN, rows: str) -> list[str]:
    """Write the lines that print the error on each part of the rows, with the unit if all outputs have the same."""
    units = {v.unit for v in kan.outputs}
    unit = f", {written(units.pop())}" if len(units) == 1 and units != {""} else ""
    if kan.task == "classification":
        error = "cross-entropy {errors.cross_entropy:.6g}, accuracy {errors.accuracy:.4g}"
        unit = ""
    else:
        error = "RMSE {errors.rmse:.6g}"
    return [
        f"for part, errors in kanviz.metrics(end, {rows}).parts.items():",
        f'    print(f"{{errors.rows:,}} {{part}} rows: {error}"{unit})',
    ]
