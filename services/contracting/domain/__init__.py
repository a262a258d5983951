"""Contracting: pure decisions."""
