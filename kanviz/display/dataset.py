"""Show and draw a data set."""

from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.display import markup
from kanviz.display.rows import fitting
from kanviz.errors import UserError
from kanviz.text import counted

MOST = 16  # columns in the table


def html(data: Dataset) -> str:
    """Return the columns with their units and ranges, and what was assumed."""
    kinds = [*(("input", v, data.x[:, i]) for i, v in enumerate(data.inputs))]
    kinds += [("class" if data.task == "classification" else "target", v, data.y[:, j])
              for j, v in enumerate(data.outputs)]  # fmt: skip
    rows = []
    for role, variable, values in kinds[:MOST]:
        if role == "class":
            rest = [f"{int(values.sum()):,} rows", "", ""]
        else:
            rest = [markup.number(float(v)) for v in (values.min(), values.mean(), values.max())] if len(data) else [""]
        rows.append((markup.literal(variable.name), markup.literal(variable.unit, 20), role, *rest))
    split = f"{len(data.train):,} training, {len(data.test):,} held out"
    return markup.page(
        markup.line(markup.bold("Dataset"), counted(len(data), "row"), split, "weighted" if data.weights is not None
                    else ""),
        markup.table(("column", "unit", "role", "least", "mean", "greatest"), rows),
        markup.line(counted(len(kinds) - MOST, "more column") if len(kinds) > MOST else ""),
        markup.items(data.notes, 5),
    )  # fmt: skip


def plot(data: Dataset, kan: Any = None, *, output: int = 0, theme: Any = "light") -> Any:
    """Return the figure of the rows; with a network, of its predictions against the measured values."""
    from kanviz.plots import predicted_figure, rows_figure

    if not 0 <= output < len(data.outputs):
        raise UserError(f"There is no output {output}: these rows have outputs 0 to {len(data.outputs) - 1}.")
    if kan is None:
        return rows_figure(data, output, theme=theme)
    rows = fitting(data, kan)
    assert rows is not None
    parts = ["train"] * len(rows)
    for place in rows.test.tolist():
        parts[place] = "test"
    variable = rows.outputs[output]
    predicted = kan(rows.x)[:, output].detach().double().numpy()
    return predicted_figure(
        predicted, rows.y[:, output].numpy(), parts, name=variable.name, unit=variable.unit, theme=theme
    )
