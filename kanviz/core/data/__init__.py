"""From a table's columns to numbers to learn from."""
