"""Laws as expressions: kept as plain data, written shorter, compared, checked for units and poles."""
