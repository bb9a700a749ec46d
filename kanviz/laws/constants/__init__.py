"""Fit the constants of a law, estimate their errors, and make them exact where the data allow it."""
