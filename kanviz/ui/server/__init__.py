"""The server: its start, and whom it answers."""
