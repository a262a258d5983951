"""What pricing does: load, one domain decision, append."""
