"""Where a change acts, what new rows share with old ones, and what stayed as it was."""
