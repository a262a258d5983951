"""Intake's routes: the portal's. What is open without a token is the library and the campaign's status."""
