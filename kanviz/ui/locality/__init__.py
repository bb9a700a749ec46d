"""The Locality page: the ladder of experiments."""
