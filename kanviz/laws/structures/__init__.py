"""Which inputs the parts of a law read, and what is done to the whole: structures that a search tries."""
