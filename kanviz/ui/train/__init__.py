"""The Train page: settings, the run, and its result."""
