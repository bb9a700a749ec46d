"""The Laws page: a search for the law behind a table."""
