"""Lending vocabulary."""

from enum import StrEnum


class LoanPurpose(StrEnum):
    LAND = "land"
    BUILDING = "building"


class Frequency(StrEnum):
    ANNUAL = "annual"
    HALF_YEARLY = "half_yearly"
    QUARTERLY = "quarterly"

    @property
    def periods_per_year(self) -> int:
        return {"annual": 1, "half_yearly": 2, "quarterly": 4}[self]


class PrefinancingInterest(StrEnum):
    PAID = "paid"
    CAPITALISED = "capitalised"
