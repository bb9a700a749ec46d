"""Turn curves of other families into B-splines, with a proven bound of the difference."""
