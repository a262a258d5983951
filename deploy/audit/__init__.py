"""Proof for those who did not write it: verify, export and time-stamp the five journals."""
