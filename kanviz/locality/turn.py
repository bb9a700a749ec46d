"""The old place of `kanviz.continual.sequence`."""

from kanviz.continual.sequence import Turn, learn_in_turn, learned_in_turn

__all__ = ["Turn", "learn_in_turn", "learned_in_turn"]
