"""The Formula page: formulas for one edge, for all edges, for the network."""
