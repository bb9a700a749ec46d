"""Convert a law to a network of formulas, one for each part of the law."""

from kanviz.laws.network.law_as_network import as_network

__all__ = ["as_network"]
