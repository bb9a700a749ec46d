"""The columns of a table: which are inputs, and how words and dates become numbers."""
