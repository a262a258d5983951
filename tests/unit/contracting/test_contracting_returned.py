"""What a return is worth: a table from what was found to conforming, for a person, or refused."""

from dataclasses import replace

import pytest

from services.contracting.domain import convention
from services.contracting.domain.facts import SignedConventionChecked, Verdict
from services.contracting.domain.gate import acte_gate
from services.contracting.domain.refusals import ReasonRequired
from services.contracting.domain.return_refusals import (
    CertificateExpired,
    CertificateOfAnotherName,
    CertificateRevoked,
    CertificateUntrusted,
    ChangedAfterSignature,
    ConventionAltered,
    ReturnNotExamined,
    SignatureBroken,
    SignatureMissing,
)
from services.contracting.domain.returned import (
    Fault,
    Outcome,
    PageState,
    Revocation,
    SignedReturnExamined,
    faults_of,
    names,
    outcome_of,
)
from services.contracting.report import sentences
from shared.contracts.contracting import SignedConventionRefused
from shared.contracts.values import Bailleur, Signatory, Structure
from tests.unit.contracting.cases import Case, sent
from tests.unit.contracting.samples import CHECKER, NOW, by_hand, findings, lodged, signature, submitted

BAILLEUR = submitted().bailleur
SAME, MARKED, CHANGED, ADDED, MISSING = PageState

REFUSED = [
    (findings(signature(), signature(intact=False)), Fault.SIGNATURE_BROKEN, SignatureBroken),
    (findings(states=(SAME, CHANGED)), Fault.CONVENTION_ALTERED, ConventionAltered),
    (findings(states=(SAME, SAME, ADDED)), Fault.CONVENTION_ALTERED, ConventionAltered),
    (findings(states=(SAME, MISSING)), Fault.CONVENTION_ALTERED, ConventionAltered),
    (findings(seal_intact=False), Fault.CHANGED_AFTER_SIGNATURE, ChangedAfterSignature),
    (findings(signature(extended=True)), Fault.CHANGED_AFTER_SIGNATURE, ChangedAfterSignature),
    (findings(signatures=()), Fault.SIGNATURE_MISSING, SignatureMissing),
    (findings(signature(in_validity=False, trusted=False)), Fault.CERTIFICATE_EXPIRED, CertificateExpired),
    (findings(signature(revocation=Revocation.REVOKED)), Fault.CERTIFICATE_REVOKED, CertificateRevoked),
    (findings(signature(trusted=False)), Fault.CERTIFICATE_UNTRUSTED, CertificateUntrusted),
    (
        findings(signature(identifiers=(), organisation="Autre")),
        Fault.CERTIFICATE_OF_ANOTHER_NAME,
        CertificateOfAnotherName,
    ),
]


def returned(found=None) -> Case:
    """A convention that was sent and came back, its signatures examined when something was found."""
    case = sent().hear(lodged())
    if found is not None:
        case.examine(found)
    return case


@pytest.mark.parametrize(("found", "fault", "refusal"), REFUSED, ids=[row[1].value for row in REFUSED])
def test_a_return_with_one_fault_is_refused_for_it_and_no_person_overrules(found, fault, refusal):
    case = returned(found)
    examined, refused = case.events[-2:]
    assert isinstance(examined, SignedReturnExamined)
    assert (examined.outcome, examined.faults) == (Outcome.REFUSED, (fault,))
    assert isinstance(refused, SignedConventionRefused)
    before = case.engagement
    for verdict in Verdict:
        with pytest.raises(refusal) as said:
            case.do(convention.check_signed, "signed-1", verdict, "Vu", CHECKER, NOW)
        assert said.value.type == fault.value
        assert said.value.detail == refused.reason
    assert case.engagement is before
    assert acte_gate(case.engagement, NOW)[0].code == "convention-signed"


def test_every_fault_has_its_own_refusal():
    assert {row[1] for row in REFUSED} == set(Fault)
    assert len({row[2] for row in REFUSED}) == len(Fault)


def test_the_pages_that_differ_are_named():
    case = returned(findings(states=(SAME, CHANGED, CHANGED, MISSING)))
    refused = case.events[-1]
    assert isinstance(refused, SignedConventionRefused)
    assert "pages modifiées\u00a0: 2, 3\u00a0; pages manquantes\u00a0: 4" in refused.reason
    with pytest.raises(ConventionAltered) as said:
        case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "", CHECKER, NOW)
    assert said.value.facts == {"faults": ["convention-altered"], "pages": [2, 3, 4]}


def test_several_faults_are_all_said_the_gravest_first():
    found = findings(signature(intact=False, in_validity=False, trusted=False), states=(CHANGED, SAME))
    assert faults_of(found, BAILLEUR) == (
        Fault.SIGNATURE_BROKEN,
        Fault.CONVENTION_ALTERED,
        Fault.CERTIFICATE_EXPIRED,
    )


def test_a_bailleur_may_return_it_again_after_a_refusal():
    case = returned(findings(signatures=())).hear(lodged("signed-2"))
    assert case.engagement.report is None
    assert case.check(name="signed-2")
    assert case.engagement.signed is not None


def test_a_sound_return_conforms_and_still_waits_for_the_act_of_a_person():
    case = returned(findings())
    assert case.engagement.report is not None
    assert case.engagement.report.outcome is Outcome.CONFORMING
    assert acte_gate(case.engagement, NOW)[0].code == "convention-check"
    assert case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "", CHECKER, NOW)


def test_a_hand_signature_is_accepted_with_what_was_compared():
    case = returned(by_hand())
    with pytest.raises(ReasonRequired):
        case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, " ", CHECKER, NOW)
    checked = case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "Pages comparées", CHECKER, NOW)[0]
    assert isinstance(checked, SignedConventionChecked)
    assert checked.note == "Pages comparées"
    assert case.engagement.signed is not None


@pytest.mark.parametrize(
    "found",
    [
        by_hand(),
        findings(incremental=False, seal_intact=False),
        findings(states=(SAME, MARKED), signatures=()),
        findings(states=(SAME, MARKED)),
    ],
    ids=["scan", "signed-on-another-file", "stamped", "signed-and-stamped"],
)
def test_what_is_not_the_file_that_was_sent_with_a_signature_is_for_a_person(found):
    assert outcome_of(found, faults_of(found, BAILLEUR)) is Outcome.FOR_A_PERSON


@pytest.mark.parametrize("state", [MARKED, CHANGED, ADDED, MISSING])
def test_a_page_that_is_not_as_sent_never_conforms_whatever_the_faults(state):
    assert outcome_of(findings(states=(SAME, state)), ()) is Outcome.FOR_A_PERSON


def test_nobody_decides_before_the_signatures_are_examined():
    with pytest.raises(ReturnNotExamined):
        returned().do(convention.check_signed, "signed-1", Verdict.ACCEPT, "Vu", CHECKER, NOW)


def test_a_return_is_examined_once_and_only_the_last_one():
    case = returned(findings())
    assert case.examine(by_hand()) == []
    assert returned().examine(name="another") == []
    assert sent().examine() == []


@pytest.mark.parametrize(
    ("identifiers", "organisation", "is_theirs"),
    [
        (("NTRFR-542065479",), "Autrement nommé", True),
        (("SI:FR-542065479",), None, True),
        (("VATFR-27542065479",), None, True),
        (("0002 542065479",), None, True),
        (("0002 54206547900012",), None, True),
        (("NTRFR-900000100",), "Bailleur d'essai", False),
        (("0002 900000100", "NTRFR-542065479"), None, True),
        (("Direction du patrimoine",), "BAILLEUR D’ESSAI", True),
        ((), "Bailleur d essai", True),
        ((), "Bailleur d'essai et compagnie", False),
        ((), None, False),
    ],
)
def test_a_certificate_is_the_bailleurs_by_siren_or_by_name(identifiers, organisation, is_theirs):
    assert names(signature(identifiers=identifiers, organisation=organisation), BAILLEUR) is is_theirs


UNNAMED = signature(identifiers=("Direction du patrimoine",), organisation=None)
ANOTHER = signature(identifiers=("NTRFR-900000100",))


@pytest.mark.parametrize(
    ("signatures", "outcome"),
    [
        ((UNNAMED,), Outcome.FOR_A_PERSON),
        ((signature(identifiers=(), organisation=" - "),), Outcome.FOR_A_PERSON),
        ((UNNAMED, signature()), Outcome.FOR_A_PERSON),
        ((UNNAMED, ANOTHER), Outcome.FOR_A_PERSON),
        ((signature(), ANOTHER), Outcome.CONFORMING),
        ((ANOTHER,), Outcome.REFUSED),
        ((signature(organisation=None),), Outcome.CONFORMING),
    ],
    ids=["unnamed", "blank", "unnamed-and-theirs", "unnamed-and-another", "theirs-and-another", "another", "by-siren"],
)
def test_a_certificate_that_names_no_organisation_is_not_of_another_name_but_for_a_person(signatures, outcome):
    report = returned(findings(*signatures)).engagement.report
    assert report is not None
    assert report.outcome is outcome
    assert any("SANS ORGANISATION" in one for one in sentences(report)) is (outcome is Outcome.FOR_A_PERSON)


def printed_for(signatory: str | None, *signers: str) -> Case:
    """A return of a convention that prints `signatory`, signed by certificates of these names."""
    case = sent()
    bailleur = BAILLEUR
    if signatory is not None:
        bailleur = BAILLEUR.model_copy(update={"signatory": Signatory(name=signatory, capacity="directrice")})
    deposit = submitted().model_copy(update={"bailleur": bailleur})
    case.engagement = replace(case.engagement, submitted=deposit)
    case.hear(lodged())
    case.examine(findings(*(signature(signer=signer) for signer in signers)) if signers else by_hand())
    return case


@pytest.mark.parametrize(
    ("signatory", "signers", "outcome"),
    [
        ("Madame Ada Essai", ("ESSAI Ada",), Outcome.CONFORMING),
        ("Madame Ada Éssai", ("Eve Autre", "Ada Marie Essai"), Outcome.CONFORMING),
        ("Madame Ada Essai", ("Madame Essai",), Outcome.FOR_A_PERSON),
        ("Madame Ada Essai", ("Eve Autre",), Outcome.FOR_A_PERSON),
        ("Madame Ada Essai", ("Essai",), Outcome.FOR_A_PERSON),
        ("Madame Ada Essai", ("Bailleur d'essai",), Outcome.FOR_A_PERSON),
        ("…", ("…",), Outcome.FOR_A_PERSON),
        (None, ("Eve Autre",), Outcome.CONFORMING),
    ],
)
def test_a_certificate_of_another_name_than_the_printed_signatory_is_for_a_person(signatory, signers, outcome):
    report = printed_for(signatory, *signers).engagement.report
    assert report is not None
    assert (report.outcome, report.faults, report.signatory) == (outcome, (), signatory)
    said = next((one for one in sentences(report) if "Signataire imprimé" in one), "")
    names_beside = f"{signatory}\u00a0; au certificat\u00a0: {', '.join(signers)}."
    assert (names_beside in said) is (signatory is not None)
    assert ("DIFFÈRENT" in said) is (outcome is Outcome.FOR_A_PERSON)


def test_who_accepts_a_certificate_of_another_name_writes_down_what_was_checked():
    case = printed_for("Madame Ada Essai", "Eve Autre")
    with pytest.raises(ReasonRequired, match="son signataire"):
        case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, " ", CHECKER, NOW)
    checked, _ = case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "Délégation vue", CHECKER, NOW)
    assert isinstance(checked, SignedConventionChecked)
    assert checked.note == "Délégation vue"


def test_a_scan_names_no_certificate_beside_the_signatory():
    report = printed_for("Madame Ada Essai").engagement.report
    assert report is not None
    assert (report.outcome, report.signatory) == (Outcome.FOR_A_PERSON, "Madame Ada Essai")
    assert not any("Signataire imprimé" in one for one in sentences(report))


def test_a_name_is_compared_without_accents_or_case():
    bailleur = Bailleur(siren="542065479", name="Société Île-de-France", structure=Structure.SEM, department="75")
    assert names(signature(identifiers=(), organisation="SOCIETE ILE DE FRANCE"), bailleur)
