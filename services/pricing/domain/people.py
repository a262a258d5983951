"""Acts that take two people: one proposes, another approves."""

from shared.errors import Refusal


class TwoPeopleNeeded(Refusal):
    type = "two-people-needed"
    title = "Une seconde personne est nécessaire"


class AlreadyApproved(Refusal):
    type = "already-approved"
    title = "Proposition déjà approuvée"


def check_second_person(proposed_by: str, approver: str) -> None:
    """Raises: TwoPeopleNeeded."""
    if proposed_by == approver:
        raise TwoPeopleNeeded("La personne qui propose ne peut pas approuver.")
