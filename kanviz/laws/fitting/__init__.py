"""Fit a network to rows, remove its curves, and put formulas on its edges."""
