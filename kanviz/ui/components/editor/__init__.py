"""The spline editor, for shaping one edge by hand."""

from kanviz.ui.components.editor.payload import editor_payload, spline_editor
from kanviz.ui.components.editor.points import Bars, Points, points_payload

__all__ = ["Bars", "Points", "editor_payload", "points_payload", "spline_editor"]
