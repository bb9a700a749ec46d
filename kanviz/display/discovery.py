"""Show and draw the laws that a search found."""

from typing import Any

from kanviz.analysis.symbolic import written
from kanviz.display import markup
from kanviz.laws.search.record import Discovery
from kanviz.text import counted

MOST = 12  # laws in the table: the most accurate ones
DIGITS = 5


def html(found: Discovery) -> str:
    """Return the front as a table, the simplest law first, the best one marked."""
    target = f"{found.target} ({found.unit})" if found.unit else found.target
    head = markup.line(
        markup.bold(f"{counted(len(found.front), 'law')} for {markup.literal(target)}"),
        f"{found.seconds:.3g} s", markup.literal(found.stopped_because, 200),
    )  # fmt: skip
    if not found.front:
        return markup.page(head, markup.line("No law was found yet."))
    rows = []
    for entry in found.front[-MOST:]:
        law = markup.code(markup.literal(f"{found.target} = {written.text(entry.expression, DIGITS)}", 300))
        star = "★" if entry is found.best else ""
        error = "rounding" if found.scale.exact(entry) else f"{100 * found.scale.error(entry):.3g} %"
        rows.append((star, law, str(entry.complexity), error))
    left_out = len(found.front) - len(rows)
    return markup.page(
        head,
        markup.table(("", "law", "complexity", "held-out error, of the spread"), rows),
        markup.line(f"{counted(left_out, 'simpler law')} left out" if left_out > 0 else ""),
        markup.items(found.best.notes, 3),
    )


def latex(found: Discovery) -> str | None:
    """Return the best law in LaTeX; None where there is none."""
    if not found.front:
        return None
    return rf"$\displaystyle {written.latex_name(found.target)} = {found.best.latex}$"


def plot(found: Discovery, *, theme: Any = "light") -> Any:
    """Return the figure of the front."""
    from kanviz.plots import front_figure

    return front_figure(found, theme=theme)
