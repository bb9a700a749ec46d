"""Train networks: the stream of steps, settings, loss, solvers, and methods against forgetting."""
