"""Draw figures: each function takes a record of numbers and returns a plotly figure; no numbers are computed here."""

from kanviz.plots.charts import predicted_figure, scores_figure, training_figure
from kanviz.plots.check import check_figure
from kanviz.plots.edge import edge_figure
from kanviz.plots.edge_comparison import compare_figure, overlay_figure
from kanviz.plots.explore import edges_figure, inputs_figure, paths_figure, plane_figure, slice_figure
from kanviz.plots.export import to_html, to_json
from kanviz.plots.inside import next_symbols_figure, predictions_figure, pruning_figure, units_figure
from kanviz.plots.ladder import ladder_errors_figure, ladder_plane_figure, ladder_predictions_figure
from kanviz.plots.language import race_ends_figure, race_figure
from kanviz.plots.laws import agreement_figure, front_figure, readings_figure, residuals_figure
from kanviz.plots.letters import (
    function_lamps_figure,
    letters_training_figure,
    next_character_figure,
    prediction_lamps_figure,
)
from kanviz.plots.locality import lamps_figure, reach_map_figure, strips_figure
from kanviz.plots.network import network_figure
from kanviz.plots.paper import to_pdf, to_png, to_svg
from kanviz.plots.rows import rows_figure
from kanviz.plots.teach import teach_plane_figure, text_bits_figure, text_lamps_figure
from kanviz.plots.turn import capacity_figure, gain_figure, retention_figure

__all__ = [
    "agreement_figure",
    "capacity_figure",
    "check_figure",
    "compare_figure",
    "edge_figure",
    "edges_figure",
    "front_figure",
    "function_lamps_figure",
    "gain_figure",
    "inputs_figure",
    "ladder_errors_figure",
    "ladder_plane_figure",
    "ladder_predictions_figure",
    "lamps_figure",
    "letters_training_figure",
    "network_figure",
    "next_character_figure",
    "next_symbols_figure",
    "overlay_figure",
    "paths_figure",
    "plane_figure",
    "predicted_figure",
    "prediction_lamps_figure",
    "predictions_figure",
    "pruning_figure",
    "race_ends_figure",
    "race_figure",
    "reach_map_figure",
    "readings_figure",
    "residuals_figure",
    "retention_figure",
    "rows_figure",
    "scores_figure",
    "slice_figure",
    "strips_figure",
    "teach_plane_figure",
    "text_bits_figure",
    "text_lamps_figure",
    "to_html",
    "to_json",
    "to_pdf",
    "to_png",
    "to_svg",
    "training_figure",
    "units_figure",
]
