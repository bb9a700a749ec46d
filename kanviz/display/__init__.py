"""Show and draw the values of kanviz: a module for each class, with its HTML for notebooks and its figure."""
