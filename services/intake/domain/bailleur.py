"""A bailleur and its users. The SIREN is its identity, so an organisation registers once."""

from dataclasses import dataclass, replace
from datetime import datetime

from stdnum.exceptions import ValidationError
from stdnum.fr import siren as siren_number

from shared.contracts.intake import BAILLEUR_TOPIC, BailleurRegistered
from shared.contracts.values import Bailleur, Signatory, Structure
from shared.errors import NotFound, Refusal
from shared.events import Event, UtcDatetime
from shared.journal import StreamKind

# INSEE legal categories that fit each structure: a warning when they don't, never a refusal (DOMAIN).
CATEGORIES: dict[Structure, frozenset[str]] = {
    Structure.SA_HLM: frozenset({"5546", "5646"}),
    Structure.SA_HLM_LLI_SUBSIDIARY: frozenset({"5599", "5699", "5710", "5720", "6540", "5202"}),
    Structure.OPH: frozenset({"4140"}),
    Structure.COOP_HLM: frozenset({"5547", "5647", "5560", "5660"}),
    Structure.SCIC_HLM: frozenset({"5547", "5647", "5560", "5660"}),
    Structure.SEM: frozenset({"5515", "5615"}),
    Structure.L313_20_1_2: frozenset({"5599", "5699", "5710", "5720", "6540", "5202"}),
    Structure.SAC: frozenset({"5599", "5699", "5560", "5660"}),
}


class InvalidSiren(Refusal):
    type = "invalid-siren"
    title = "Numéro SIREN invalide"
    status = 422


class StructureNotEligible(Refusal):
    type = "structure-not-eligible"
    title = "Structure non éligible"
    status = 422


class AlreadyRegistered(Refusal):
    type = "bailleur-already-registered"
    title = "Bailleur déjà inscrit"


class SpecialAgreementNeeded(Refusal):
    type = "special-agreement-needed"
    title = "Agrément spécial nécessaire"
    status = 422


class MemberJoined(Event):
    """A user of the bailleur; a representative may submit and answer offers. Private: it names a person's account."""

    siren: str
    subject: str
    representative: bool
    joined_at: UtcDatetime


class ContactRecorded(Event):
    """How to reach the bailleur, who signs for it, and what it declared of its agreement.

    Private: of its personal data only the signatory leaves intake, with a deposit, for the convention it leads to.
    """

    siren: str
    legal_category: str
    address: str
    contact_email: str
    special_agreement: bool = False
    recorded_at: UtcDatetime
    signatory: Signatory | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A registered bailleur; `members` maps subjects to whether they represent it."""

    bailleur: Bailleur | None = None
    contact: ContactRecorded | None = None
    members: tuple[tuple[str, bool], ...] = ()

    def fold(self, event: Event) -> "Account":
        match event:
            case BailleurRegistered(bailleur=bailleur):
                return replace(self, bailleur=bailleur)
            case ContactRecorded():
                return replace(self, contact=event)
            case MemberJoined(subject=subject, representative=representative):
                others = tuple(member for member in self.members if member[0] != subject)
                return replace(self, members=(*others, (subject, representative)))
            case _:
                return self

    @property
    def depositor(self) -> Bailleur:
        """The bailleur as a deposit names it: the convention it leads to identifies its parties and who signs."""
        assert self.bailleur is not None
        if self.contact is None:
            return self.bailleur
        return self.bailleur.model_copy(update={"seat": self.contact.address, "signatory": self.contact.signatory})

    def has(self, subject: str) -> bool:
        return any(member == subject for member, _ in self.members)

    def represented_by(self, subject: str) -> bool:
        return (subject, True) in self.members

    @property
    def category_fits(self) -> bool:
        """False is a warning for people (DOMAIN, Eligible structures)."""
        if self.bailleur is None or self.contact is None:
            return True
        return self.contact.legal_category in CATEGORIES[self.bailleur.structure]


KIND = StreamKind("bailleur", Account(), frozenset({BAILLEUR_TOPIC}))


def checked_siren(given: str) -> str:
    """A SIREN with a right check digit, compact. Raises: InvalidSiren."""
    try:
        return siren_number.validate(given)
    except ValidationError:
        raise InvalidSiren("Neuf chiffres dont la clé est juste sont attendus.", pointer="/siren") from None


def checked_structure(given: str) -> Structure:
    """Raises: StructureNotEligible, with the eligible ones."""
    try:
        return Structure(given)
    except ValueError:
        raise StructureNotEligible(
            "L'appel à manifestation d'intérêt est ouvert aux structures listées au cahier des charges (§ 1).",
            pointer="/structure",
            eligible=[one.value for one in Structure],
        ) from None


def register(
    account: Account, bailleur: Bailleur, contact: ContactRecorded, subject: str, now: datetime
) -> list[Event]:
    """Register and become the first representative; the same person repeating it changes nothing.

    Raises: AlreadyRegistered for somebody else; SpecialAgreementNeeded (SAC: CCH R.423-85 al. 2).
    """
    if bailleur.structure is Structure.SAC and not contact.special_agreement:
        raise SpecialAgreementNeeded(
            "Une SAC doit être spécialement agréée pour le logement intermédiaire (R.423-85 alinéa 2 du CCH).",
            pointer="/special_agreement",
        )
    if account.bailleur is not None:
        if account.has(subject):
            return []
        raise AlreadyRegistered("Demandez à un représentant de votre organisme de vous ajouter.")
    joined = MemberJoined(siren=bailleur.siren, subject=subject, representative=True, joined_at=now)
    return [BailleurRegistered(bailleur=bailleur, registered_at=now), contact, joined]


def record_contact(
    account: Account, by: str, address: str, contact_email: str, signatory: Signatory | None, now: datetime
) -> list[Event]:
    """A representative corrects how to reach the bailleur and who signs for it; deposits already made keep theirs.

    Raises: NotFound for anyone else.
    """
    _represented(account, by)
    assert account.contact is not None, "registered with its contact"
    given = {"address": address, "contact_email": contact_email, "signatory": signatory}
    corrected = account.contact.model_copy(update=given)
    return [] if corrected == account.contact else [corrected.model_copy(update={"recorded_at": now})]


def add_member(account: Account, by: str, subject: str, representative: bool, now: datetime) -> list[Event]:
    """A representative adds a user. Raises: NotFound for anyone else."""
    siren = _represented(account, by).siren
    if (subject, representative) in account.members:
        return []
    return [MemberJoined(siren=siren, subject=subject, representative=representative, joined_at=now)]


def _represented(account: Account, by: str) -> Bailleur:
    """Raises: NotFound."""
    if account.bailleur is None or not account.represented_by(by):
        raise NotFound("Bailleur inconnu.")
    return account.bailleur
