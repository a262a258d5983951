"""Pricing's routes, for staff. No landlord has a role here: ratings and steps are shown."""

from shared.auth import Role

READERS = (Role.PRICING_OFFICER, Role.COMMITTEE_SECRETARY, Role.AUDITOR)
