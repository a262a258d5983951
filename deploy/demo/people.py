"""Who acts in the scenario: accounts of the development issuer, named for their office."""

from dataclasses import dataclass

from deploy.demo.operations import DemoOperation

Person = tuple[str, str]

INSTRUCTOR: Person = ("instructeur-1", "instructor")
COMPLIANCE: Person = ("conformite-1", "compliance")
COMMITTEE: Person = ("secretaire-ccn", "committee_secretary")
PRICING: Person = ("tarificateur-1", "pricing_officer")
SECOND_PRICING: Person = ("tarificateur-2", "pricing_officer")
LEGAL: Person = ("juriste-1", "legal_officer")
SECOND_LEGAL: Person = ("juriste-2", "legal_officer")
BOARD: Person = ("secretaire-ca", "board_secretary")
SECOND_BOARD: Person = ("secretaire-ca-2", "board_secretary")
ACCOUNTANT: Person = ("comptable-1", "accountant")
SECOND_ACCOUNTANT: Person = ("comptable-2", "accountant")
MANAGER: Person = ("responsable-1", "campaign_manager")
SECOND_MANAGER: Person = ("responsable-2", "campaign_manager")
AUDITOR: Person = ("auditeur-1", "auditor")
STAFF = (
    INSTRUCTOR,
    COMPLIANCE,
    COMMITTEE,
    PRICING,
    SECOND_PRICING,
    LEGAL,
    SECOND_LEGAL,
    BOARD,
    SECOND_BOARD,
    ACCOUNTANT,
    SECOND_ACCOUNTANT,
    MANAGER,
    SECOND_MANAGER,
    AUDITOR,
)


# The board as it sits in the scenario, by member id: name and presence.
DIRECTORS = {
    "administrateur-1": ("Claire Martin", "present"),
    "administrateur-2": ("Hélène Dubois", "present"),
    "administrateur-3": ("Karim Benali", "present"),
    "administrateur-4": ("Luc Fontaine", "present"),
    "administrateur-5": ("Sophie Lambert", "present"),
    "administrateur-6": ("Marc Girard", "present"),
    "administrateur-7": ("Nadia Cherif", "excused"),
}
CHAIR = "administrateur-1"


def representative(siren: str) -> Person:
    """The user who registered the bailleur."""
    return (f"representant-{siren}", "bailleur")


@dataclass(slots=True)
class Dossier:
    """An operation of the scenario with the dossier that carries it."""

    operation: DemoOperation
    dossier_id: str = ""

    @property
    def who(self) -> Person:
        return representative(self.operation.bailleur.siren)
