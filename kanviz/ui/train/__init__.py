"""The Train page: settings, the run, and what came of it."""
