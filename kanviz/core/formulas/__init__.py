"""Read formulas from text with kanviz's own grammar, store them as trees, and evaluate them on edges."""
