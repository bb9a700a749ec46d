"""Edits as values: apply, compare, undo, replay."""
