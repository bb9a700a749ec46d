"""Formulas: read from text by their own grammar, kept as trees, evaluated on edges."""
