"""Handle laws as expressions: store them as plain data, shorten them, compare them, check units and poles."""
