"""Empty, as its package."""
