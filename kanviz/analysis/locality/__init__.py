"""Locate a change: where it acts, what new rows share with known rows, and what is unchanged."""
