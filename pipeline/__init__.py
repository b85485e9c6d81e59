"""How a run is put together: command line, plan, graph, metadata, and what is done with the result."""
