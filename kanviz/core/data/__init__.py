"""Convert a table's columns to numbers for training."""
