"""Beam runners and their worker processes."""
