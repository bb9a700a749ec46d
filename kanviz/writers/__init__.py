"""Write a network as something that runs without kanviz: code, a model of another program, a table, a notebook."""
