"""Reads untrusted certificate files and writes certificates."""

import json

from kanviz.analysis.locality.claims import CERTIFICATE, Certificate
from kanviz.errors import LoadError
from kanviz.language.teaching import claims
from kanviz.text import size_words

MAX_BYTES = 50_000_000
DEEPEST = 8


def read_certificate(data: bytes) -> Certificate:
    """Read the certificate in a JSON file; raises LoadError for anything else."""
    _check_size(data)
    return Certificate.from_json(CERTIFICATE.parse(data, DEEPEST).value)


def certificate_text(certificate: Certificate) -> str:
    """Return a certificate as the text of its file."""
    return json.dumps(certificate.to_json(), indent=1, allow_nan=False) + "\n"


def read_language_certificate(data: bytes) -> claims.LanguageCertificate:
    """Read the certificate of teaching in a JSON file; raises LoadError for anything else."""
    _check_size(data)
    return claims.LanguageCertificate.from_json(claims.CERTIFICATE.parse(data, DEEPEST).value)


def language_certificate_text(certificate: claims.LanguageCertificate) -> str:
    """Return a certificate of teaching as the text of its file."""
    return json.dumps(certificate.to_json(), indent=1, allow_nan=False) + "\n"


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise LoadError(f"The certificate has {size_words(len(data))}; at most {size_words(MAX_BYTES)} are read.")
