"""What intake does, one module a subject: load, one domain decision, append."""
