"""The door for certificates: from bytes nobody vouches for to a certificate, or a refusal in one sentence."""

import json

from kanviz.analysis.locality.claims import Certificate
from kanviz.errors import LoadError, UserError
from kanviz.io.strict_json import read_json
from kanviz.text import size_words

MAX_BYTES = 50_000_000
DEEPEST = 8


def read_certificate(data: bytes) -> Certificate:
    """The certificate in a JSON file; raises LoadError for anything else."""
    if len(data) > MAX_BYTES:
        raise LoadError(f"The certificate has {size_words(len(data))}; at most {size_words(MAX_BYTES)} are read.")
    try:
        return Certificate.from_json(read_json(data.decode("utf-8"), DEEPEST))
    except UnicodeDecodeError:
        raise LoadError("This is no certificate: it is not text. Choose the .json file of kanviz certify.") from None
    except ValueError as problem:
        raise LoadError(f"This is no certificate: {problem}. Write it again with kanviz certify.") from None
    except UserError as problem:
        raise LoadError(str(problem)) from None


def certificate_text(certificate: Certificate) -> str:
    """What a certificate's file holds."""
    return json.dumps(certificate.to_json(), indent=1, allow_nan=False) + "\n"
