"""What stands round every page."""
