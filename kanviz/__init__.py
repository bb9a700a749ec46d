"""kanviz: open a Kolmogorov-Arnold Network, see every function, change it, leave with a formula."""
