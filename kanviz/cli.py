"""The command `kanviz`: start the app, or look at, train, read and draw a network without it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kanviz import (
    __version__,
    commands,
    continual_command,
    discover_command,
    ladder_command,
    locality_command,
    train_command,
)
from kanviz.console import INTERRUPTED, UsageError
from kanviz.errors import UserError
from kanviz.text import SOLVER_TITLES, shown
from kanviz.train_command import Width


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. A refusal is one line on stderr."""
    from kanviz.ui.serve import one_thread

    one_thread()
    try:
        options = parser().parse_args(arguments)
        status = options.run(options) or 0
        sys.stdout.flush()
        return status
    except UserError as refusal:
        return _refuse(str(refusal), 2 if isinstance(refusal, UsageError) else 1)
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as refusal:
        where = f"{shown(str(refusal.filename), 200)}: " if refusal.filename else ""
        return _refuse(f"{where}{refusal.strerror or refusal}.", 1)
    except MemoryError:
        return _refuse("This needs more memory than there is.", 1)
    except KeyboardInterrupt:
        return _refuse("Stopped.", INTERRUPTED)


def _refuse(sentence: str, status: int) -> int:
    print(f"kanviz: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _Parser("kanviz", description="See every function a Kolmogorov-Arnold Network learned, and change it.")
    top.add_argument("--version", action="version", version=f"kanviz {__version__}")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, words: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        return sub

    app = command("app", commands.app, "Start the app in the browser.")
    _takes_model(app, "*")
    app.add_argument("--port", type=_whole(1, 65_535), help="where it listens on this machine (8501)")
    app.add_argument(
        "--keep", metavar="FOLDER",
        help="keep everybody's work in this folder, too, so that it outlives this server, trainings under way included",
    )  # fmt: skip
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    app.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", dest="hosts",
        help="a name by which a proxy leads to this server, as kan.school.example; may be given again",
    )  # fmt: skip

    show = command("show", commands.show, "Say what is in a model file.")
    _takes_model(show)
    show.add_argument("--json", action="store_true", help="as JSON, for other programs")

    _train(command("train", train_command.train, "Train a network on a table: a new one, or one that has learned."))
    _locality(
        command("certify", locality_command.certify, "Write down what a change of a network left as it was."),
        command("verify", locality_command.verify, "Check a certificate: all that it says is computed anew."),
    )
    _discover(command("discover", discover_command.discover, "Find the law behind one column of a table."))

    formula = command("formula", commands.formula, "Write a network out as a formula, in the units of its table.")
    _takes_model(formula)
    _takes_table(formula)
    first = formula.add_mutually_exclusive_group()
    first.add_argument("--fit", action="store_true", help="first fix the best formula found for every curve")
    first.add_argument(
        "--together",
        action="store_true",
        help="first read all edges together: after each formula, everything left is fitted again",
    )
    formula.add_argument("--seconds", type=float, default=60.0, help="with --together: at most (60)")
    formula.add_argument(
        "--within",
        type=float,
        default=float("inf"),
        metavar="SHARE",
        help="with --fit: only where the formula misses at most this share of the curve's spread",
    )
    formula.add_argument("--digits", type=_whole(1, 17), default=6, help="of the constants (6)")
    formula.add_argument("-o", "--output", metavar="MODEL", help="with --fit or --together: also save the network")
    how = formula.add_mutually_exclusive_group()
    how.add_argument("--latex", action="store_true", help="as LaTeX")
    how.add_argument("--json", action="store_true", help="as JSON, for other programs")

    plot = command("plot", commands.plot, "Draw one edge, or the whole network, into a file.")
    _takes_model(plot)
    _takes_table(plot)
    plot.add_argument("--edge", type=_edge, metavar="LAYER,SOURCE,TARGET", help="which edge (the whole network)")
    plot.add_argument("--dark", action="store_true", help="light on dark")
    plot.add_argument("-o", "--output", required=True, metavar="FILE", help=".html opens anywhere, .json is plotly's")

    script = command("script", commands.script, "Write the steps that made a saved network as a Python script.")
    script.add_argument("model", metavar="MODEL", help="a .safetensors file that kanviz saved after some steps")
    script.add_argument("--start", required=True, metavar="START", help="the file of the network they began with")
    script.add_argument("-o", "--output", metavar="FILE", help="where to write it, as steps.py (to stdout)")

    turns = command("continual", continual_command.continual, "Learn tables one after another; say what was kept.")
    turns.add_argument("config", metavar="CONFIG", help="a JSON file: shape, tasks (tables), target, and what else")
    turns.add_argument("--json", action="store_true", help="as JSON, for other programs")
    turns.add_argument("-o", "--output", metavar="RESULT", help="also write what came of it into this .json file")
    climb = command("ladder", ladder_command.ladder, "Show where a network keeps what it knew, and where it forgets.")
    climb.add_argument("--rung", type=_whole(1, 6), metavar="N", help="only this one, 1 to 6 (all)")
    climb.add_argument(
        "--fail", nargs="*", metavar="SWITCH",
        help="as it fails: with its usual switch, or, after --rung, with those named; a name that is none lists them",
    )  # fmt: skip
    climb.add_argument("--seed", type=_whole(0, 2**32 - 1), default=0, help="of the rows and the start (0)")
    form = climb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with the error on every task after every task")
    form.add_argument("--csv", action="store_true", help="as CSV, a line for each method")

    bench = command(
        "bench", commands.bench, "Time the layers and the training on this machine, in a quarter of a minute."
    )
    bench.add_argument("--json", action="store_true", help="as JSON, for other programs")
    return top


def _train(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("table", metavar="TABLE", help="CSV or other text, Parquet or Excel")
    sub.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    sub.add_argument(
        "--inputs", nargs="+", metavar="COLUMN", help="what to predict from (every other number, and two words)"
    )
    sub.add_argument("--unit", action="append", default=[], metavar="COLUMN=UNIT", help="unit of a column; repeat it")
    sub.add_argument(
        "--shape", type=_width, metavar="5 | 4+2 | [2,5,1]",
        help="nodes in each hidden column, as 5 or 5,3; 4+2 is four sums and two products; 0 is none (5). Or pykan's "
        "whole width with inputs and outputs, as [2,5,1] or [2,[4,2],1]",
    )  # fmt: skip
    sub.add_argument(
        "--solver", choices=SOLVER_TITLES, default="auto",
        help="auto takes lm (Levenberg-Marquardt) for a network and a table small enough, lbfgs or adam beyond (auto)",
    )  # fmt: skip
    sub.add_argument(
        "--grid",
        type=_whole(1, 1_000),
        help="intervals of each curve's grid; auto and lm refine it (3; lbfgs, adam: 5)",
    )
    sub.add_argument(
        "--finest", type=_whole(0, 1_000), metavar="INTERVALS",
        help="auto and lm: double the grid up to this many while that pays; 0 keeps the grid as it is (12)",
    )  # fmt: skip
    sub.add_argument("--order", type=_whole(1, 5), help="order of the splines, 1 to 5 (3)")
    sub.add_argument("--steps", type=_whole(1, 1_000_000), help="training steps at most (300; lbfgs, adam: 100)")
    sub.add_argument("--test", type=float, default=0.2, help="share of rows held out (0.2)")
    sub.add_argument("--seed", type=_whole(0, 2**32 - 1), default=0, help="of the split, the start and the batches (0)")
    sub.add_argument("--classes", action="store_true", help="the target's numbers stand for classes")
    sub.add_argument(
        "--errors", metavar="COLUMN", help="the standard error of the target in each row: rows count by 1 / error^2"
    )
    _reads_table(sub)
    sub.add_argument("--json", action="store_true", help="say what came of it as JSON, for other programs")
    sub.add_argument("-o", "--output", required=True, metavar="MODEL", help="where to save, .safetensors")
    sub.add_argument("--start", metavar="MODEL", help="go on with this network, on its own grids and scaling")
    sub.add_argument(
        "--lock-rows", metavar="OLD", help="with --start: rows of this table keep their predictions, bit by bit"
    )
    sub.add_argument(
        "--lock-box", type=_box, metavar="X=-1:0,Y=-1:0",
        help="with --start: all points of this region keep their predictions, bit by bit",
    )  # fmt: skip
    sub.add_argument(
        "--replay", metavar="OLD", help="with --start: mix in rows of this table, as many as there are new ones"
    )
    sub.add_argument(
        "--ewc", metavar="OLD", help="with --start: hold numbers the more, the more this table's rows need them"
    )
    sub.add_argument("--ewc-strength", type=_strength, metavar="STRENGTH", help="how strongly --ewc holds (1)")


def _locality(certify: argparse.ArgumentParser, verify: argparse.ArgumentParser) -> None:
    verify.add_argument("certificate", metavar="CERTIFICATE", help="the .json file of kanviz certify")
    for sub in (certify, verify):
        sub.add_argument("before", metavar="BEFORE", help="the network before, .safetensors or .pt")
        sub.add_argument("after", metavar="AFTER", help="the network after")
    of = certify.add_mutually_exclusive_group(required=True)
    of.add_argument("--rows", metavar="TABLE", help="on these rows; its columns are found by the network's names")
    of.add_argument("--box", type=_box, metavar="X=-1:0,Y=-1:0", help="on every point of this region")
    verify.add_argument("--rows", metavar="TABLE", help="the rows it speaks of, where it does not carry them")
    for sub in (certify, verify):
        sub.add_argument("--inputs", nargs="+", metavar="COLUMN", help="the table's columns for the inputs, in order")
        _reads_table(sub)
    certify.add_argument("-o", "--output", required=True, metavar="CERTIFICATE", help="where to write it, .json")


def _discover(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("table", metavar="TABLE", help="CSV or other text, Parquet or Excel")
    sub.add_argument("--target", required=True, metavar="COLUMN", help="the column to find a law for")
    sub.add_argument(
        "--inputs", nargs="+", metavar="COLUMN", help="what it may depend on (other numbers, and two words)"
    )
    sub.add_argument(
        "--unit", action="append", default=[], metavar="COLUMN=UNIT",
        help="unit of a column, where its heading has none; repeat it",
    )  # fmt: skip
    sub.add_argument("--seconds", type=_seconds, default=60.0, help="how long to look, at most (60)")
    sub.add_argument(
        "--shape", type=_width, metavar="[2,[1,1],1] | 5 | 4+2",
        help="pykan's whole width, as [2,[1,1],1] with one sum and one product node, or hidden columns, as 5 or 4+2 "
        "(shapes from small to large)",
    )  # fmt: skip
    sub.add_argument("--seeds", type=_whole(1, 1_000), default=5, help="starts of each shape (5)")
    sub.add_argument("--seed", type=_whole(0, 2**31), default=0, help="of the split and of the first start (0)")
    sub.add_argument("--jobs", type=_whole(1, 1_000), help="processes at once (as many as there are cores)")
    sub.add_argument("--test", type=float, default=0.2, help="share of rows held out (0.2)")
    sub.add_argument("--forbid", type=_names, default=(), metavar="SIN,COS", help="functions that may not be in it")
    sub.add_argument("--prefer", type=_names, default=(), metavar="EXP,LOG", help="functions to favour")
    sub.add_argument("--integer-exponents", action="store_true", help="powers are whole numbers, roots left out")
    sub.add_argument(
        "--symmetric", type=_names, action="append", default=[], metavar="A,B",
        help="inputs that may change places; repeat it",
    )  # fmt: skip
    _reads_table(sub)
    sub.add_argument("--json", action="store_true", help="the front as JSON, for other programs")
    sub.add_argument("-o", "--output", metavar="FILE", help="also write all that was found into this .json file")


def _reads_table(sub: argparse.ArgumentParser) -> None:
    """How the file of a table is to be read, where that is not found out right."""
    sub.add_argument(
        "--header-row", type=_lines, metavar="LINE",
        help="line of the column names in the file, counted from 1; 2,3 for names in two lines, 0 for none (found)",
    )  # fmt: skip
    sub.add_argument(
        "--units-row", type=_whole(0, 1_000_000), metavar="LINE", help="line of the units, 0 for none (found)"
    )
    sub.add_argument("--encoding", metavar="NAME", help="of a text file, as cp1251, gbk or shift_jis (found)")
    sub.add_argument(
        "--missing", type=_missing, metavar="NUMBERS | none",
        help="numbers that stand for missing values, as --missing=-200,9999 (those far from all others)",
    )  # fmt: skip


def _takes_table(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--table", help="rows to look at it on; its columns are found by the network's names")
    sub.add_argument("--target", nargs="+", metavar="COLUMN", help="the table's columns for the outputs, in order")
    sub.add_argument("--inputs", nargs="+", metavar="COLUMN", help="the table's columns for the inputs, in order")
    _reads_table(sub)


def _takes_model(sub: argparse.ArgumentParser, count: str = "+") -> None:
    sub.add_argument(
        "model", nargs=count, metavar="MODEL",
        help="a .safetensors or .pt file, or pykan's two: NAME_config.yml NAME_state",
    )  # fmt: skip


def _whole(low: int, high: int) -> Callable[[str], int]:
    """An argument that is a whole number from low to high."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {shown(text, 20)!r}")
        return int(text)

    return read


def _lines(text: str) -> tuple[int, ...]:
    """Lines of a file, "2" or "2,3"; "0" is none."""
    found = tuple(map(_whole(0, 1_000_000), text.split(",")))
    return () if found == (0,) else found


def _missing(text: str) -> tuple[float, ...]:
    if text.strip().lower() == "none":
        return ()
    found = tuple(map(_number, text.split(",")))
    if any(value != value for value in found):
        raise argparse.ArgumentTypeError(f"write numbers as -200,9999, or none, not {shown(text, 20)!r}")
    return found


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is needed, not {shown(text, 20)!r}")
    return value


def _strength(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1e30:
        raise argparse.ArgumentTypeError(f"a number from 0 on is needed, not {shown(text, 20)!r}")
    return value


def _number(text: str) -> float:
    """What the text says, nan where that is no number."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _box(text: str) -> tuple[tuple[str, float, float], ...]:
    """A region by its inputs' names, "x=-1:0,y=2:3" as (("x", -1, 0), ("y", 2, 3))."""
    wrong = argparse.ArgumentTypeError(f"write a region as x=-1:0,y=2:3, each input once, not {shown(text, 40)!r}")
    found = []
    for part in text.split(","):
        name, _, ends = part.rpartition("=")
        try:
            low, high = map(float, ends.split(":"))
        except ValueError:
            raise wrong from None
        found.append((name.strip(), low, high))
    if len({name for name, _, _ in found}) < len(found):
        raise wrong
    return tuple(found)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _edge(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"write an edge as layer,source,target, as in 0,1,2, not {shown(text, 20)!r}")
    return tuple(map(int, parts))


def _width(text: str) -> Width:
    """Hidden columns, "5,4+2" as (5, [4, 2]), or pykan's whole width as JSON."""
    if text.lstrip().startswith("["):
        return Width(_whole_width(text), whole=True)
    if text == "0":
        return Width(())
    columns = [column.split("+") for column in text.split(",")]
    parts = [part for column in columns for part in column]
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts) or max(map(len, columns)) > 2:
        raise argparse.ArgumentTypeError(f"write hidden columns as 5 or 5,3 or 4+2, not {shown(text, 20)!r}")
    return Width(tuple(int(c[0]) if len(c) == 1 else [int(c[0]), int(c[1])] for c in columns))


def _whole_width(text: str) -> tuple[Any, ...]:
    wrong = argparse.ArgumentTypeError(f"write a whole width as [2,5,1] or [2,[4,2],1], not {shown(text, 40)!r}")
    try:
        columns = json.loads(text[:1_000])
    except (ValueError, RecursionError):
        raise wrong from None
    pairs = [column if isinstance(column, list) else [column, 0] for column in columns]
    if len(columns) < 2 or not all(len(p) == 2 and all(type(v) is int and 0 <= v < 1_000 for v in p) for p in pairs):
        raise wrong
    return tuple(columns)
