"""The server: its start, and whom it answers."""

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")  # names by which a browser here reaches the server
