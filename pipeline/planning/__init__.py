"""From raw folders and archives to a plan: samples, splits, chunks and shards."""
