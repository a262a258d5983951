"""Registration: one organisation, many users, eligible structures."""

from datetime import timedelta

import pytest

from services.intake.domain import bailleur as domain
from services.intake.domain.bailleur import (
    CATEGORIES,
    Account,
    AlreadyRegistered,
    ContactRecorded,
    InvalidSiren,
    MemberJoined,
    SpecialAgreementNeeded,
    StructureNotEligible,
)
from shared.contracts.intake import BailleurRegistered
from shared.contracts.values import Bailleur, Signatory, Structure
from shared.errors import NotFound
from shared.events import Event
from tests.unit.intake.samples import NOW, opened

SIREN = "732829320"
LATER = NOW + timedelta(days=1)
SIGNATORY = Signatory(name="Madame Ada Essai", capacity="directrice générale")


def organisation(structure: Structure = Structure.SA_HLM) -> Bailleur:
    return Bailleur(siren=SIREN, name="Habitat Essai", structure=structure, department="17")


def contact(legal_category: str = "5546") -> ContactRecorded:
    return ContactRecorded(
        siren=SIREN,
        legal_category=legal_category,
        address="1 quai Valin, 17000 La Rochelle",
        contact_email="contact@habitat.example",
        special_agreement=True,
        recorded_at=NOW,
        signatory=SIGNATORY,
    )


def registered(*more, structure: Structure = Structure.SA_HLM, legal_category: str = "5546") -> Account:
    account = Account()
    for event in domain.register(account, organisation(structure), contact(legal_category), "ada", NOW):
        account = account.fold(event)
    for event in more:
        account = account.fold(event)
    return account


@pytest.mark.parametrize("given", ["732829320", "732 829 320", " 732829320 "])
def test_a_siren_is_kept_compact(given):
    assert domain.checked_siren(given) == SIREN


@pytest.mark.parametrize("given", ["732829321", "73282932", "abc", ""])
def test_a_siren_with_a_wrong_key_is_refused(given):
    with pytest.raises(InvalidSiren) as refused:
        domain.checked_siren(given)
    assert refused.value.pointer == "/siren"


@pytest.mark.parametrize("structure", list(Structure))
def test_the_structures_of_the_list_are_eligible(structure):
    assert domain.checked_structure(structure.value) is structure


def test_another_structure_is_refused_with_the_list():
    with pytest.raises(StructureNotEligible) as refused:
        domain.checked_structure("sci")
    assert refused.value.pointer == "/structure"
    assert refused.value.facts["eligible"] == [one.value for one in Structure]


def test_who_registers_represents_the_bailleur():
    events = domain.register(Account(), organisation(), contact(), "ada", NOW)
    assert [type(event) for event in events] == [BailleurRegistered, ContactRecorded, MemberJoined]
    account = registered()
    assert account.represented_by("ada")
    assert (account.bailleur, account.contact) == (organisation(), contact())


def test_registering_again_changes_nothing_for_a_member_and_is_refused_to_others():
    assert domain.register(registered(), organisation(), contact(), "ada", NOW) == []
    with pytest.raises(AlreadyRegistered):
        domain.register(registered(), organisation(), contact(), "eve", NOW)


def test_a_sac_needs_its_special_agreement():
    without = contact().model_copy(update={"special_agreement": False})
    with pytest.raises(SpecialAgreementNeeded) as refused:
        domain.register(Account(), organisation(Structure.SAC), without, "ada", NOW)
    assert refused.value.pointer == "/special_agreement"
    assert domain.register(Account(), organisation(Structure.SAC), contact(), "ada", NOW)


def test_a_representative_adds_users():
    (joined,) = domain.add_member(registered(), "ada", "bob", False, NOW)
    assert isinstance(joined, MemberJoined)
    account = registered(joined)
    assert account.has("bob")
    assert not account.represented_by("bob")
    assert domain.add_member(account, "ada", "bob", False, NOW) == []


def test_a_user_may_become_a_representative_and_is_listed_once():
    account = registered(*domain.add_member(registered(), "ada", "bob", False, NOW))
    (promoted,) = domain.add_member(account, "ada", "bob", True, NOW)
    account = account.fold(promoted)
    assert account.represented_by("bob")
    assert [subject for subject, _ in account.members] == ["ada", "bob"]


@pytest.mark.parametrize("by", ["bob", "eve"])
def test_nobody_else_adds_users_nor_learns_that_the_bailleur_exists(by):
    account = registered(*domain.add_member(registered(), "ada", "bob", False, NOW))
    with pytest.raises(NotFound):
        domain.add_member(account, by, "carl", False, NOW)
    with pytest.raises(NotFound):
        domain.add_member(Account(), by, "carl", False, NOW)


def corrected(account: Account, by: str = "ada", signatory: Signatory | None = SIGNATORY) -> list[Event]:
    return domain.record_contact(account, by, "2 quai Valin", "garantie@habitat.example", signatory, LATER)


def test_a_representative_corrects_the_contact_and_the_signatory():
    another = Signatory(name="Monsieur Noé Essai", capacity="président")
    (recorded,) = corrected(registered(), signatory=another)
    given = {"address": "2 quai Valin", "contact_email": "garantie@habitat.example", "signatory": another}
    assert recorded == contact().model_copy(update=given | {"recorded_at": LATER})
    account = registered(recorded)
    assert (account.depositor.signatory, account.depositor.seat) == (another, "2 quai Valin")
    assert corrected(account, signatory=another) == []
    assert registered(recorded, *corrected(account, signatory=None)).depositor.signatory is None


@pytest.mark.parametrize("by", ["bob", "eve"])
def test_nobody_else_corrects_the_contact_nor_learns_that_the_bailleur_exists(by):
    account = registered(*domain.add_member(registered(), "ada", "bob", False, NOW))
    for known in (account, Account()):
        with pytest.raises(NotFound):
            corrected(known, by)


@pytest.mark.parametrize("structure", list(Structure))
def test_a_legal_category_that_does_not_fit_is_a_warning(structure):
    for category in CATEGORIES[structure]:
        assert registered(structure=structure, legal_category=category).category_fits
    assert not registered(structure=structure, legal_category="1000").category_fits


def test_nothing_is_warned_of_before_registration():
    assert Account().category_fits
    assert Account().fold(BailleurRegistered(bailleur=organisation(), registered_at=NOW)).category_fits
    assert Account().fold(opened()) == Account()


def test_a_deposit_names_the_bailleur_with_the_address_and_the_signatory_it_registered():
    known = {"seat": contact().address, "signatory": SIGNATORY}
    assert registered().depositor == organisation().model_copy(update=known)
    unreached = Account().fold(BailleurRegistered(bailleur=organisation(), registered_at=NOW))
    assert unreached.depositor == organisation()
