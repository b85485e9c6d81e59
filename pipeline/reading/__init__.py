"""Reading shards, and what uses their samples: augmentation and the face model as a layer."""
