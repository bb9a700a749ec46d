"""The scatter plot of predicted against measured values, one point a row."""

from kanviz.ui.components.scatter.payload import marked, row_told, rows_told, scatter, scatter_payload

__all__ = ["marked", "row_told", "rows_told", "scatter", "scatter_payload"]
