"""The Prune page: edges that carry little, and what leaving them out costs."""
