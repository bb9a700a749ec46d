"""Teaches a language model a new text, and measures what it gains and what it forgets."""
