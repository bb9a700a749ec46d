"""Predicted against measured, row by row."""

from kanviz.ui.components.scatter.payload import marked, row_told, rows_told, scatter, scatter_payload

__all__ = ["marked", "row_told", "rows_told", "scatter", "scatter_payload"]
