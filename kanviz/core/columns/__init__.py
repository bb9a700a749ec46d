"""Decide which columns of a table are inputs, and convert words and dates to numbers."""
