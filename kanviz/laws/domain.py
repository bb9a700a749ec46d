"""Where a law stops being a number, or grows without bound, when the ranges of its inputs are widened."""
def domain_notes(expression, rows): return ()
