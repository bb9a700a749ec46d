"""Files read as data: checked readers, one writer, never any code from a file."""
