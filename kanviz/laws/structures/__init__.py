"""List the structures that a search tries: which inputs the parts of a law read, and the target transform."""
