"""Records in, plotly figures out; a figure computes nothing but its styling."""
