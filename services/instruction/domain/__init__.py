"""Instruction's decisions: pure."""
