"""From a table to laws: the search, its parts, and the records of what it finds."""
