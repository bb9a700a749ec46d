"""Define KANs as values and train them; pure numerics, without figures and without files."""
