"""Rows of one snapshot: reading them, and turning new ones into fragments."""
