"""Learned functions of single units, in place of the activation of a neural network."""
