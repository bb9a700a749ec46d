"""The Export page: the network as code or as a file of another program, run here and compared."""
