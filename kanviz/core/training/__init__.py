"""How a network learns: the stream of steps, its settings, its loss, its solvers, and aids against forgetting."""
