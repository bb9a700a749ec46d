"""From a table, or from a trained network, to laws: attempts of growing shape, run one after another or at once."""
