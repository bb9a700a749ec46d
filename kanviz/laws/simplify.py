"""."""
def simplified(expression, rows, end): return expression
