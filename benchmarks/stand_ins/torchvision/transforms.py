"""An empty stand-in, like its package."""
