"""The workbench: the network, one edge's curve, what it says at a point, where it errs."""
