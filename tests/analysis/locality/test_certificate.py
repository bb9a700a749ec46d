"""A certificate says what is so, for every point of its region, and its check notices whatever is not so."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.analysis.locality import certificate
from kanviz.analysis.locality.certificate import CHUNK, EMBEDDED, Certificate, RegionClaim, RowsClaim, certify, verify
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.locks import certified_lock, data_lock
from kanviz.errors import UserError
from tests.analysis.locality.changed import changed
from tests.core.locks.helpers import attacked, climbed, points, same_bits
from tests.helpers import kans, rows_for

REGIONS = {
    "[1,5,1]": ([1, 5, 1], 30, "zero", [(-0.9, -0.4)]),
    "[2,5,1]": ([2, 5, 1], 30, "silu", [(-1.0, -0.4), (-1.2, -0.5)]),
    "[2,5,5,1]": ([2, 5, 5, 1], 30, "zero", [(-1.0, -0.7), (0.2, 0.5)]),
}
BLOCK = 170_000  # times three networks and two precisions: more than a million points


def through_json(found: Certificate) -> Certificate:
    return Certificate.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))


def a_pair(size: float = 0.5) -> tuple[KAN, KAN, list[tuple[float, float]], torch.Tensor]:
    """A network, one changed under a lock of a few rows, a region and rows of it that are not all kept."""
    kan = init([2, 3, 1], grid=12, seed=1)
    box = [(-1.0, -0.4), (-1.2, -0.5)]
    x = points(kan, box, 40)
    return kan, attacked(kan, data_lock(kan, x[:4]), size=size), box, x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", REGIONS)
def test_no_point_of_a_certified_region_is_found_that_lost_its_bits(name, dtype):
    shape, grid, base, box = REGIONS[name]
    kan = init(shape, grid=grid, base=base, dtype=dtype, seed=1)
    new = attacked(kan, certified_lock(kan, box).lock)
    found = certify(kan, new, box=box)
    assert found.holds
    assert isinstance(found.claim, RegionClaim)
    assert found.claim.bound == (0.0,)
    x = points(kan, box, BLOCK)
    low, high = torch.tensor(box, dtype=torch.float64).T
    rng = torch.Generator().manual_seed(3)
    beside = torch.nextafter(x[:1000], torch.where(torch.rand(1000, len(box), generator=rng) < 0.5, low, high).double())
    for some in (x, beside.clamp(low, high), climbed(kan, x[:400], box)):
        assert same_bits(kan(some), new(some))
    assert not certify(kan, new, box=[(a - 0.5, b + 0.5) for a, b in box]).holds


@settings(max_examples=25)
@given(kans(), st.integers(0, 1000))
def test_any_network_is_certified_under_a_lock_and_its_certificate_holds(kan, seed):
    x = rows_for(kan, 20, seed)
    new = attacked(kan, data_lock(kan, x), size=3.0, seed=seed)
    found = certify(kan, new, rows=x)
    assert isinstance(found.claim, RowsClaim)
    assert found.claim.certain
    assert found.holds
    assert through_json(found) == found
    assert verify(found, kan, new) == ()


@settings(max_examples=20)
@given(kans(), st.integers(0, 1000))
def test_what_is_certain_is_so_and_what_is_kept_is_counted(kan, seed):
    x, new = rows_for(kan, 30, seed), changed(kan, seed, 0.1)
    claim = certify(kan, new, rows=x).claim
    assert isinstance(claim, RowsClaim)
    rows = [same_bits(kan(x)[n], new(x)[n]) for n in range(len(x))]
    assert claim.kept == sum(rows)
    assert claim.certain <= (claim.kept == len(x))
    assert all(same <= used for used, same in claim.used)


def test_a_network_is_certified_to_be_itself():
    kan, _, box, x = a_pair()
    for found in (certify(kan, kan, rows=x), certify(kan, kan, box=box)):
        assert found.holds
        assert found.claim.certain
        assert all(layer.edges_same == layer.edges and not layer.changed for layer in found.layers)


def test_what_changed_is_named_layer_by_layer():
    kan = init([2, 3, 1], grid=6, seed=1)
    coef, bias = kan.layers[0].coef.clone(), kan.layers[1].bias.clone()
    coef[1, 2, 3] += 1
    coef[1, 2, 5] += 1
    bias += 1
    new = kan.with_layer(0, coef=coef).with_layer(1, bias=bias)
    first, second = certify(kan, new, box=[(0.0, 0.1)] * 2).layers
    assert (first.edges, first.edges_same, first.coefficients, first.coefficients_same) == (6, 5, 54, 52)
    (edge,) = first.changed
    assert (edge.source, edge.target, edge.points) == (1, 2, (3, 5))
    assert (second.edges_same, second.constants, second.constants_same) == (3, 2, 1)


def of_all(kan: KAN, part: str, change: Callable[[Any], object]) -> KAN:
    return kan.with_layers({n: replace(v, **{part: change(getattr(v, part))}) for n, v in enumerate(kan.layers)})


OTHERWISE: dict[str, Callable[[KAN], KAN]] = {
    "an infinite free number": lambda kan: of_all(kan, "coef", lambda c: torch.where(c == c[0, 0, -1], math.inf, c)),
    "scaling of an input": lambda kan: replace(kan, inputs=(Variable("x1", "", 0.0, 1.0 + 1e-9), kan.inputs[1])),
    "sign of a zero": lambda kan: replace(kan, outputs=(Variable("y", "", -0.0, 1.0),)),
    "base": lambda kan: of_all(kan, "base", lambda _: "identity"),
    "precision": lambda kan: kan.to(torch.float32),
    "knots": lambda kan: of_all(kan, "knots", lambda t: torch.nextafter(t, t + 1)),
}


@pytest.mark.parametrize("spoil", OTHERWISE.values(), ids=OTHERWISE)
def test_nothing_is_certain_of_a_network_that_computes_otherwise(spoil):
    kan, box = init([2, 3, 1], grid=12, seed=1), [(-1.0, -0.9)] * 2
    assert certify(kan, kan, box=box).holds
    assert not certify(kan, spoil(kan), box=box).holds


def test_a_bias_of_minus_zero_is_not_certain():
    """Where a sum is nothing but zeros, zeros of the other sign added to -0 would turn it."""
    kan = init([1, 1], grid=4, seed=1)
    kan = kan.with_layer(0, bias=torch.full_like(kan.layers[0].bias, -0.0))
    assert not certify(kan, kan, box=[(0.0, 0.1)]).holds


def test_rows_are_carried_where_there_are_few_and_asked_for_where_not():
    kan, new, _, x = a_pair()
    claim = through_json(certify(kan, new, rows=x)).claim
    assert isinstance(claim, RowsClaim)
    assert claim.x == tuple(map(tuple, x.tolist()))
    many = x.repeat(EMBEDDED // x.numel() + 1, 1)
    found = through_json(certify(kan, new, rows=many))
    assert isinstance(found.claim, RowsClaim)
    assert found.claim.x is None
    assert len(many) > CHUNK
    assert verify(found, kan, new, many) == ()
    assert verify(found, kan, new, many + 1e-12) == ("It was written for other rows than these: their digests differ.",)
    with pytest.raises(UserError, match="rows that are not stored in it; give their table"):
        verify(found, kan, new)


def test_the_certificate_of_another_network_does_not_hold():
    kan, new, box, x = a_pair()
    for found in (certify(kan, new, rows=x), certify(kan, new, box=box)):
        assert [said[:45] for said in verify(found, new, kan)] == [
            "It was written for another network before the",
            "It was written for another network after the ",
        ]


def edited(value: Any) -> list[Any]:
    """What a value may be replaced with by somebody who wants to claim something else."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, *([value - 1] if value else [])]
    if isinstance(value, float):
        return [value * 0.9 - 1e-5, value * 1.1 + 1e-5]
    if isinstance(value, str):
        return [("0" if value[:1] != "0" else "1") + value[1:]]
    if isinstance(value, dict):
        return [{**value, key: other} for key, part in value.items() for other in edited(part)]
    if isinstance(value, list):
        return [[*value[:n], other, *value[n + 1 :]] for n, part in enumerate(value[:1]) for other in edited(part)]
    return []


def small_certificates() -> tuple[KAN, KAN, list[Certificate]]:
    """Of rows and of a region, quick to compute anew."""
    kan = init([1, 2, 1], grid=8, seed=1)
    x = torch.linspace(-1, 0, 12, dtype=torch.float64)[:, None]
    new = attacked(kan, data_lock(kan, x[:3]), size=0.5)
    return kan, new, [certify(kan, new, rows=x), certify(kan, new, box=[(-0.6, -0.3)])]


def read(record: Any) -> Certificate | None:
    try:
        return Certificate.from_json(record)
    except UserError:
        return None


@pytest.mark.parametrize("of", [0, 1], ids=["rows", "region"])
def test_every_edit_is_noticed_and_computed_anew_when_a_new_seal_hides_it(of, monkeypatch):
    monkeypatch.setattr(certificate, "apart", partial(certificate.apart, budget=16))  # a looser bound, sooner
    kan, new, both = small_certificates()
    found, noticed = both[of], 0
    for record in edited(found.to_json()):
        other = read(record)
        if other is None:
            continue
        assert other.seal != other.sealed().seal, record
        forged = other.sealed()
        if forged != found and forged.version == found.version:  # a version that is not ours is not ours to judge
            assert verify(forged, kan, new), record
            noticed += 1
    assert noticed > 12
    assert verify(replace(found, version="9"), kan, new)[0].startswith("It was edited after it was written")


def test_a_smaller_bound_and_a_larger_region_are_named():
    kan, new, box, _ = a_pair()
    found = certify(kan, new, box=box)
    claim = found.claim
    assert isinstance(claim, RegionClaim)
    tight = replace(found, claim=replace(claim, bound=(claim.bound[0] / 2,))).sealed()
    (said,) = verify(tight, kan, new)
    assert said.startswith("Its claim.bound is given as (")
    wide = replace(found, claim=replace(claim, box=((-1.0, 0.4), claim.box[1]))).sealed()
    assert any(said.startswith("Its claim.bound") for said in verify(wide, kan, new))
    sure = replace(found, claim=replace(claim, certain=True)).sealed()
    assert "Its claim.certain is given as True, but is computed as False." in verify(sure, kan, new)


def test_another_versions_looser_bound_still_holds():
    kan, new, box, _ = a_pair()
    found = replace(certify(kan, new, box=box), version="0.0.9")
    claim = found.claim
    assert isinstance(claim, RegionClaim)
    loose = replace(found, claim=replace(claim, bound=(2 * claim.bound[0],), boxes=7)).sealed()
    assert verify(loose, kan, new) == ()
    tight = replace(found, claim=replace(claim, bound=(claim.bound[0] / 2,))).sealed()
    assert verify(tight, kan, new)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def alike(value: Any) -> st.SearchStrategy[Any]:
    """Values of the same kind, so that some of what is put into a certificate can be read."""
    match value:
        case bool():
            return st.booleans()
        case int() | float():
            return st.integers(0, 9) | st.floats(0, 9) | st.just(value + 1)
        case str():
            return st.text(max_size=5) | st.permutations(value).map("".join)
        case list():
            return st.permutations(value)
    return st.just(value)


@settings(max_examples=150)
@given(st.data())
def test_whatever_is_put_into_a_certificate_is_read_or_refused_in_words(data):
    record: Any = data.draw(st.sampled_from(RECORDS))
    record = json.loads(json.dumps(record))
    place = record
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or data.draw(st.booleans()):
            break
        place = inner
    if isinstance(place, dict) and data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(alike(inner) | JSON)
    found = read(record)
    if found is not None:
        assert through_json(found) == found
        assert all(isinstance(said, str) for said in found.summary())


RECORDS = [found.to_json() for found in small_certificates()[2]]


@pytest.mark.parametrize("record", [None, 3, [], {}, {"format": "kanviz certificate 2"}])
def test_what_is_no_certificate_is_refused(record):
    with pytest.raises(UserError, match="This is not a certificate that this kanviz reads"):
        Certificate.from_json(record)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "A certificate covers either rows or a region; give one of the two."),
        ({"rows": torch.zeros(0, 2)}, "There are no rows to certify; give at least one."),
        ({"box": [(0.0, 1.0)]}, "The region needs a least and a greatest value for each of the 2 inputs."),
    ],
)
def test_what_cannot_be_certified_is_refused(arguments, said):
    kan = init([2, 2, 1])
    with pytest.raises(UserError) as refusal:
        certify(kan, kan, **arguments)
    assert str(refusal.value) == said


def test_networks_of_other_shapes_or_columns_are_refused():
    kan = init([2, 2, 1])
    with pytest.raises(UserError, match="different shapes"):
        certify(kan, init([2, 3, 1]), box=[(0, 1)] * 2)
    with pytest.raises(UserError, match="x1 before, t after"):
        certify(kan, replace(kan, inputs=(Variable("t"), kan.inputs[1])), box=[(0, 1)] * 2)


def test_the_summary_is_in_words():
    kan, new, box, x = a_pair()
    region = certify(kan, new, box=box).summary()
    assert region[0].startswith(
        "Predictions of points with x1 from -1 to -0.4, x2 from -1.2 to -0.5 may have changed: "
    )
    assert region[1].startswith("Proven for every point of the region: the change of y is at most ")
    assert region[2].startswith("Found at 4,098 points, which proves nothing: ")
    assert certify(kan, kan, rows=x).summary() == (
        "40 of 40 rows have bit-identical predictions.",
        "Every number they use is the same, so this holds if both are computed the same way.",
        "9 of 9 edges and 135 of 135 coefficients are bit-identical.",
    )
