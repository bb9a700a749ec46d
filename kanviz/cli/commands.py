"""Lists the commands of `kanviz` in the order in which help and README show them."""

from kanviz.cli import (
    app,
    bench,
    certify,
    check,
    completion,
    continual,
    convert,
    discover,
    export,
    formula,
    ladder,
    language,
    layout,
    plot,
    predict,
    script,
    show,
    train,
    verify,
)

COMMANDS = (
    app.COMMAND, show.COMMAND, layout.COMMAND, train.COMMAND, predict.COMMAND, discover.COMMAND, formula.COMMAND,
    plot.COMMAND, check.COMMAND, convert.COMMAND, export.COMMAND, certify.COMMAND, verify.COMMAND, script.COMMAND,
    continual.COMMAND, ladder.COMMAND, language.COMMAND, bench.COMMAND, completion.COMMAND,
)  # fmt: skip
