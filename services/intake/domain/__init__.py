"""Intake's decisions: registration, drafts, the deposit register, a dossier seen by its bailleur."""
