"""Letters: the additive language model that one can read, trained from a text, edited, and taught a word."""
