"""Acts that take a reason, and acts that take two people: one proposes, another approves."""

from shared.errors import Refusal


class TwoPeopleNeeded(Refusal):
    type = "two-people-needed"
    title = "Une seconde personne est nécessaire"


class AlreadyApproved(Refusal):
    type = "already-approved"
    title = "Proposition déjà approuvée"


class ReasonRequired(Refusal):
    """None, or nothing but blanks."""

    type = "reason-required"
    title = "Un motif est nécessaire"
    status = 422


def check_reason(reason: str) -> None:
    """Raises: ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired("Indiquez ce qui fonde votre décision.", pointer="/reason")


def check_second_person(proposed_by: str, approver: str) -> None:
    """Raises: TwoPeopleNeeded."""
    if proposed_by == approver:
        raise TwoPeopleNeeded("La personne qui propose ne peut pas approuver.")
