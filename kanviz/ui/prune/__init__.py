"""The Prune page: edges with low scores, and the effect of pruning them."""
