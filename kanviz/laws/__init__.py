"""Find laws in a table: the search, its parts, and the records of its results."""
