"""Reads the options of `kanviz formula` that make a network of a formula, and makes it."""

import argparse
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.console import UsageError, say, say_notes
from kanviz.text import counted, listing, shown

if TYPE_CHECKING:
    from kanviz.core.kan import KAN

USUAL = (-1.0, 1.0)  # range of a variable without one
OF_FILES = ("fit", "together", "block", "table")  # options that need a network's file


def makes_network(sub: argparse.ArgumentParser) -> None:
    """Add the options for a network of a formula."""
    group = sub.add_argument_group("from a formula to a network")
    group.add_argument(
        "--to-network", nargs="+", metavar="FORMULA",
        help='instead of MODEL: make the network that computes this, as in "exp(sin(pi*x) + y**2)"; several are '
        'several outputs, with a name each as in "force=m*a"; one that begins with - is written --to-network="-x"',
    )  # fmt: skip
    group.add_argument(
        "--range", nargs="+", type=values.box, default=[], metavar="NAME=LOW:HIGH",
        help="with --to-network: least and greatest value of each variable, as x=-1:1 y=0:9 (-1:1)",
    )  # fmt: skip
    group.add_argument(
        "--spare", type=values.whole(0, 50), default=0, metavar="NODES",
        help="with --to-network: nodes of splines for each hidden column, for training to use (0)",
    )  # fmt: skip


def network_of_formula(options: argparse.Namespace) -> "KAN":
    """Make the network of --to-network, and report its shape and notes. Raises UsageError for options against it."""
    from kanviz.core.formulas.parser import names_in
    from kanviz.laws.network.from_formula import from_formula

    for name in OF_FILES:
        if getattr(options, name):
            raise UsageError(f"--{name} is for networks from files, not for --to-network; leave it out.")
    texts = list(map(_named, options.to_network))
    named = [name for name, _ in texts if name]
    if named and (len(named) < len(texts) or len(set(named)) < len(named)):
        raise UsageError("Name every formula of --to-network once, as in force=m*a work=m*a*s, or none of them.")
    ranges = {name: (low, high) for box in options.range for name, low, high in box}
    if len(ranges) < sum(map(len, options.range)):
        raise UsageError("--range names a variable twice; name each once.")
    usual = [name for name in dict.fromkeys(one for _, text in texts for one in names_in(text)) if name not in ranges]
    if usual:
        say(f"{listing([shown(name, 40) for name in usual], 8)}: from -1 to 1, since --range does not say.")
    formulas = dict(texts) if named else [text for _, text in texts]
    kan = from_formula(formulas, {**ranges, **dict.fromkeys(usual, USUAL)}, spare=options.spare)
    say(f"Network {kan.shape_text}, {counted(len(kan.edge_list()), 'edge')}.")
    say_notes(kan.notes)
    return kan


def _named(text: str) -> tuple[str, str]:
    """Split "force=m*a" into name and formula; the name is "" where there is none."""
    name, sign, formula = text.partition("=")
    return (name.strip(), formula.strip()) if sign else ("", text)
