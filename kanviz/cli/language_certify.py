"""Implements `kanviz language certify` and `verify`: which predictions of a taught model cannot have changed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.cli.command import Command
from kanviz.cli.console import out
from kanviz.cli.language_options import TEXTS, read_text, takes_text
from kanviz.cli.outputs import certificate_status, json_path
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.language.model import LanguageModel


def certify(options: argparse.Namespace) -> None:
    """Write a certificate of a model before and after a lesson, on a text."""
    from kanviz.io.certificates import language_certificate_text
    from kanviz.language.teaching.certificate import certify_teaching

    output = json_path(options.output)
    found = certify_teaching(*_models(options), _text(options))
    write(output, language_certificate_text(found))
    out("\n".join(found.summary()))


def verify(options: argparse.Namespace) -> int:
    """Compute all claims of a certificate again, and return the exit status: 1 when one of them is false."""
    from kanviz.io.certificates import read_language_certificate
    from kanviz.language.teaching.certificate import verify_teaching

    certificate = read_language_certificate(Path(options.certificate).read_bytes())
    wrong = verify_teaching(certificate, *_models(options), _text(options) if options.text else None)
    return certificate_status(wrong, certificate.summary())


def _models(options: argparse.Namespace) -> "tuple[LanguageModel, LanguageModel]":
    from kanviz.io.language_file import load

    return load(options.before).model, load(options.after).model


def _text(options: argparse.Namespace) -> str:
    """Return the held-out part of Python's own texts, and all of any other."""
    corpus = read_text(options.text, own=options.own)
    return corpus.held_out if options.text in TEXTS else corpus.train + corpus.held_out


def _takes_models(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("before", metavar="BEFORE", help="the language model before the lesson, .safetensors")
    sub.add_argument("after", metavar="AFTER", help="the model after it")


def certify_options(sub: argparse.ArgumentParser) -> None:
    _takes_models(sub)
    takes_text(sub)
    sub.add_argument("-o", "--output", required=True, metavar="CERTIFICATE", help="where to write it, .json")


def verify_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("certificate", metavar="CERTIFICATE", help="the .json file of kanviz language certify")
    _takes_models(sub)
    takes_text(sub, default=None)


CERTIFY = Command(
    "certify",
    "Write down which predictions of a taught model cannot have changed, and why.",
    certify_options,
    certify,
    examples=("kanviz language certify model.safetensors taught.safetensors --text documentation -o kept.json",),
)
VERIFY = Command(
    "verify",
    "Check a certificate of teaching: every claim in it is computed again.",
    verify_options,
    verify,
    examples=("kanviz language verify kept.json model.safetensors taught.safetensors",),
)
