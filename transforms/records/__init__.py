"""Records and shards: the schema, its encoding as TFRecord, and statistics."""
