"""Certificates of teaching: what is certain is so, and no other model, text or edit passes."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from kanviz.errors import LoadError, UserError
from kanviz.language.teaching.certificate import certify_teaching, verify_teaching
from kanviz.language.teaching.claims import EMBEDDED, LanguageCertificate
from kanviz.language.teaching.measure import unchanged_predictions
from kanviz.language.teaching.model import TaughtModel
from tests.language.taught import CODE, lesson, old_model
from tests.language.tiny import TEXT, tiny

MIXED = TEXT.held_out + CODE.held_out


def certificate() -> LanguageCertificate:
    return certify_teaching(old_model(), lesson()[-1].model, MIXED)


def test_what_is_certain_is_identical():
    found = certificate()
    same = unchanged_predictions(old_model(), lesson()[-1].model, MIXED)
    assert found.proven
    assert 0 < found.text.certain <= found.text.identical == int(same[1:].sum()) < found.text.predictions
    assert found.text.largest > 0


def test_a_certificate_holds_for_its_models():
    assert verify_teaching(certificate(), old_model(), lesson()[-1].model) == ()


def test_verify_refuses_another_model():
    (wrong,) = verify_teaching(certificate(), old_model(), lesson("plain")[-1].model)
    assert "another model after the lesson" in wrong
    (wrong,) = verify_teaching(certificate(), tiny(), lesson()[-1].model)
    assert "another model before the lesson" in wrong


@pytest.mark.parametrize("how", ["plain", "units", "ewc"])
def test_nothing_is_certain_without_a_gate(how: str):
    found = certify_teaching(old_model(), lesson(how)[-1].model, TEXT.held_out)
    assert (found.proven, found.text.certain) == (False, 0)
    assert "may have changed" in found.summary()[1]


def test_one_old_number_that_changed_ends_the_proof():
    model = lesson()[-1].model
    with torch.no_grad():
        model.head[0, 0] += 1
    found = certify_teaching(old_model(), model, TEXT.held_out)
    assert (found.numbers - found.numbers_same, found.text.certain) == (1, 0)


def test_teaching_twice_is_certified_against_either_model():
    first, other = lesson()[-1].model, lesson("gate", "gelu", 3)[-1].model
    assert isinstance(first, TaughtModel) and isinstance(other, TaughtModel)  # noqa: PT018
    second = TaughtModel(first, other.all_additions)
    assert len(certify_teaching(old_model(), second, MIXED).gates) == 2
    found = certify_teaching(first, second, MIXED)
    assert (len(found.gates), found.proven) == (1, True)
    assert verify_teaching(found, first, second) == ()


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        ({"numbers_same": 1}, "numbers_same"),
        ({"gates": ()}, "gates"),
        ({"certain": 1}, "certain"),
        ({"identical": 1}, "identical"),
        ({"largest": 0.0}, "largest"),
    ],
)
def test_an_edited_certificate_does_not_hold_even_if_sealed_again(edit: dict[str, Any], word: str):
    found = certificate()
    of_text = {name: value for name, value in edit.items() if hasattr(found.text, name)}
    whole = {name: value for name, value in edit.items() if name not in of_text}
    forged = replace(found, text=replace(found.text, **of_text), **whole)
    assert "seal" in verify_teaching(forged, old_model(), lesson()[-1].model)[0]
    (wrong,) = verify_teaching(forged.sealed(), old_model(), lesson()[-1].model)
    assert word in wrong


def test_a_long_text_is_not_stored_and_must_be_given():
    text = (MIXED * (EMBEDDED // len(MIXED) + 1))[: EMBEDDED + 1]
    found = certify_teaching(old_model(), old_model(), text)
    assert found.text.text is None
    with pytest.raises(UserError, match="give their text"):
        verify_teaching(found, old_model(), old_model())
    assert verify_teaching(found, old_model(), old_model(), text) == ()
    assert "another text" in verify_teaching(found, old_model(), old_model(), MIXED)[0]


def test_a_certificate_survives_json():
    found = certificate()
    assert LanguageCertificate.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    "change",
    [
        {"format": "kanviz certificate 1"},
        {"before": "no digest"},
        {"numbers_same": -1},
        {"gates": [{"closed_until": "sometimes", "points": 25, "locked": 1}]},
        {"gates": [{"closed_until": 3.0, "points": 25, "locked": 26}]},
        {"text": {}},
        {"ungated": "none"},
    ],
)
def test_a_forged_certificate_is_refused_in_words(change: dict[str, Any]):
    with pytest.raises(LoadError, match="certificate"):
        LanguageCertificate.from_json(certificate().to_json() | change)


def test_models_of_other_sizes_and_short_texts_are_refused():
    with pytest.raises(UserError, match="different sizes"):
        certify_teaching(old_model(), tiny(context=8), MIXED)
    with pytest.raises(UserError, match="at least 2"):
        certify_teaching(old_model(), old_model(), "a")
