"""What contracting does: load, one domain decision, append."""
