"""The constants of a law: fitted again with their errors, and made exact where the data allow it."""
