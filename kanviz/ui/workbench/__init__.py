"""The workbench: the network, one edge's curve, predictions at a point, and errors."""
