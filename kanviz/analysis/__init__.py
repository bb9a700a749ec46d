"""KAN and data in, frozen records of numbers out; nothing here draws or edits."""
