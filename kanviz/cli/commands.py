"""Lists the commands of `kanviz` in the order in which help and README show them."""

from kanviz.cli import (
    app,
    bench,
    certify,
    completion,
    continual,
    discover,
    formula,
    ladder,
    plot,
    script,
    show,
    train,
    verify,
)

COMMANDS = (
    app.COMMAND, show.COMMAND, train.COMMAND, discover.COMMAND, formula.COMMAND, plot.COMMAND, certify.COMMAND,
    verify.COMMAND, script.COMMAND, continual.COMMAND, ladder.COMMAND, bench.COMMAND, completion.COMMAND,
)  # fmt: skip
