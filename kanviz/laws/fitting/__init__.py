"""A network fitted to rows, its curves left out, and formulas put on its edges."""
