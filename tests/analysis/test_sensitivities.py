"""How far the outputs move with an edge's value is their derivative, and is told for rows that are numbers alone."""

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.analysis.rows import entering, typical_inputs
from kanviz.analysis.sensitivities import ROWS, gains
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from tests.helpers import kans, table_for


@given(kans(dtypes=(torch.float64,)), st.data())
def test_a_gain_is_how_far_the_output_that_moves_most_does(kan, data):
    edge = data.draw(st.sampled_from(list(kan.edges(pruned=True))))
    found = gains(kan, edge)
    rows = typical_inputs(kan, None, ROWS if len(kan.outputs) == 1 else 100)
    layer, inputs = kan.layers[edge.layer], entering(kan, rows, edge.layer)[edge.layer]

    def outputs(raised: float) -> torch.Tensor:
        sums = layer.sums(inputs)
        sums[:, edge.target] += raised
        nodes = layer.combine(sums)
        for later in kan.layers[edge.layer + 1 :]:
            nodes = later(nodes)
        return kan.denormalise(nodes)

    step = 1e-6
    slope = ((outputs(step) - outputs(-step)) / (2 * step)).abs().amax(1)
    gain = torch.tensor(found.gain).abs()
    assume(len(gain) == len(slope))  # where some rows are no numbers, the next test
    size = max(1.0, float(slope.abs().max()))
    near = (gain - slope).abs() <= 1e-4 * size
    assert float(near.double().mean()) > 0.95, "beside a knot of a line or a border of the grid the two sides differ"


def test_rows_that_are_no_numbers_are_left_out():
    kan = init([2, 2, 1], seed=0)
    broken = kan.layers[0].coef.clone()
    broken[0, 0, 0] = torch.nan
    kan, data = kan.with_layer(0, coef=broken), table_for(kan, 200)
    found = gains(kan, EdgeId(1, 0, 0), data)
    assert 0 < len(found.x) < len(data.rows("train")[0])
    assert found.off is not None
    assert len(found.x) == len(found.gain) == len(found.off)
