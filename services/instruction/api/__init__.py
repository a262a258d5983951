"""Instruction's routes, for staff."""
