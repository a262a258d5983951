"""Contracting's routes, for staff."""

from typing import Annotated

from fastapi import Query

from shared.auth import Role

READERS = (
    Role.BOARD_SECRETARY,
    Role.LEGAL_OFFICER,
    Role.ACCOUNTANT,
    Role.COMPLIANCE,
    Role.AUDITOR,
)

Skip = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=200)]
