"""The commands `kanviz certify` and `kanviz verify`: what a change left as it was, written down and checked again."""

import argparse
from pathlib import Path

from kanviz.console import UsageError, input_rows, read_network, reading, region, say, writable
from kanviz.text import shown
from kanviz.writing import write


def certify(options: argparse.Namespace) -> None:
    """Write a certificate of two networks, on the rows of a table or over a region."""
    from kanviz.analysis.locality.certificate import certify as certificate_of  # `certify` is the command here
    from kanviz.io.certificates import certificate_text

    output = writable(options.output)
    if output.suffix != ".json":
        raise UsageError(f"A certificate is written as .json, not {shown(output.name)!r}.")
    if options.inputs and options.rows is None:
        raise UsageError("--inputs names columns of the table of --rows; give that.")
    before, after = (read_network([path]) for path in (options.before, options.after))
    if options.rows is not None:
        found = certificate_of(
            before, after, rows=input_rows(before, options.rows, options.inputs, reading(options, least=1))
        )
    else:
        found = certificate_of(before, after, box=region(before, options.box))
    write(output, certificate_text(found))
    print("\n".join(found.summary()))


def verify(options: argparse.Namespace) -> int:
    """Compute all that a certificate says anew; the exit status: 1 when something does not hold."""
    from kanviz.analysis.locality.certificate import verify as wrong_in
    from kanviz.io.certificates import read_certificate

    certificate = read_certificate(Path(options.certificate).read_bytes())
    before, after = (read_network([path]) for path in (options.before, options.after))
    how = reading(options, least=1)
    rows = None if options.rows is None else input_rows(before, options.rows, options.inputs, how)
    wrong = wrong_in(certificate, before, after, rows)
    if wrong:
        say("The certificate does not hold.")
        print("\n".join(wrong))
        return 1
    print("\n".join(("The certificate holds.", *certificate.summary())))
    return 0
