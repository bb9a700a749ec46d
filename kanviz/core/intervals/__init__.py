"""Bound activations and formulas over intervals of their inputs, rounding included."""
