"""Compute frozen records of numbers from a network and data; nothing here draws or edits."""
