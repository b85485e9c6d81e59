"""Depth maps of FineData: the layout that says how they lie on disk, reading, checking, and what a record holds."""
