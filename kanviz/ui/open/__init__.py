"""The Open page: samples, files, tables."""
