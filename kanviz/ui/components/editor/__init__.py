"""The spline editor, for shaping one edge by hand."""

from kanviz.ui.components.editor.payload import editor_payload, spline_editor

__all__ = ["editor_payload", "spline_editor"]
