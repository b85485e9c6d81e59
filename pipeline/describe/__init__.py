"""The contents of raw folders, and a layout for FineData."""
