"""The folder of a run: fingerprint, metadata, manifest, progress and summary."""
