"""Find laws from a table or from a trained network: attempts of growing shape, one after another or in parallel."""
