"""The scatter plot of predicted against measured values, one point a row."""

from kanviz.ui.components.scatter.payload import clicked_row, marked, picked_rows, scatter, scatter_payload

__all__ = ["clicked_row", "marked", "picked_rows", "scatter", "scatter_payload"]
