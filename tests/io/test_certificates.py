"""Certificates from files: read as they were written, or refused in one sentence."""

import pytest

from kanviz.analysis.locality.certificate import certify
from kanviz.core.init import init
from kanviz.errors import LoadError
from kanviz.io.certificates import certificate_text, read_certificate


def test_a_certificate_is_read_as_it_was_written():
    kan = init([2, 2, 1], seed=1)
    found = certify(kan, kan, box=[(-0.5, 0.5)] * 2)
    assert read_certificate(certificate_text(found).encode()) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe", "it is not text"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"format": 1, "format": 1}', "a name appears twice"),
        (b"{}", "This is not a certificate that this kanviz reads"),
        (b'{"format": "kanviz certificate 1"}', "its version is missing"),
        (b" " * 50_000_001, "at most 50.0 MB are read"),
    ],
)
def test_what_is_none_is_refused_in_words(data, said):
    with pytest.raises(LoadError, match=said):
        read_certificate(data)
