"""The server: its start, its visitors, and their uploads."""

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")  # names by which a browser on this machine reaches the server
