"""What a KAN is and how it learns: values and numerics, no drawing, no files."""
