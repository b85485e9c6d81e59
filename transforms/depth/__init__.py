"""Depth maps of FineData: layout files, reading, checking, and storage in records."""
