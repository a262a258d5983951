"""Assignment, supplements, completeness and eligibility."""

from datetime import timedelta

import pytest

from services.instruction.domain import decisions
from services.instruction.domain.facts import EligibilityExamined, EligibilityResolved, ReviewAssigned
from services.instruction.domain.refusals import (
    AlreadyComplete,
    ChecksFailed,
    DossierClosed,
    NoReservation,
    NothingToResolve,
    NotIneligible,
    NotStarted,
    SupplementOutstanding,
)
from shared.contracts.instruction import (
    DossierDeemedComplete,
    DossierFoundIneligible,
    ReviewStarted,
    SupplementRequested,
)
from shared.contracts.intake import DossierSubmitted
from shared.errors import NotFound
from tests.facts import DOSSIER, document
from tests.unit.instruction.samples import (
    ALICE,
    BOB,
    NOW,
    Case,
    in_committee,
    in_zone,
    lodged,
    promoted,
    reduced,
    refused,
    released,
    reserved,
    started,
    submitted,
    waitlisted,
    with_other_guarantee,
    withdrawn,
)

BY = "user:instructeur-1"


def names(events) -> list[str]:
    return [type(event).__name__ for event in events]


# -- who may be instructed ---------------------------------------------------------------------------------------


def test_a_dossier_without_reservation_is_not_instructed_until_promoted():
    case = Case(submitted(), waitlisted())
    with pytest.raises(NoReservation):
        case.do(decisions.assign, ALICE, BY, NOW)
    case.hear(promoted())
    assert names(case.do(decisions.assign, ALICE, BY, NOW)) == ["ReviewAssigned", "ReviewStarted"]


def test_an_unknown_dossier_is_not_found():
    with pytest.raises(NotFound):
        Case(reserved()).do(decisions.assign, ALICE, BY, NOW)


def ended(kind: str) -> Case:
    if kind in ("withdrawn", "released", "refused"):
        return started().hear({"withdrawn": withdrawn(), "released": released(), "refused": refused()}[kind])
    if kind == "ineligible":
        case = started(with_other_guarantee())
        case.examine()
        case.do(decisions.find_ineligible, [], NOW)
        return case
    case = in_committee()
    case.opine()
    return case


COMMANDS = {
    "assign": lambda case: case.do(decisions.assign, BOB, BY, NOW),
    "ask": lambda case: case.ask(),
    "complete": lambda case: case.do(decisions.deem_complete, NOW),
    "examine": lambda case: case.examine(),
    "resolve": lambda case: case.resolve("zone"),
}


@pytest.mark.parametrize("kind", ["withdrawn", "released", "refused", "ineligible", "opinion"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_closed_dossier_takes_no_command_and_says_why(kind, command):
    with pytest.raises(DossierClosed) as refusal:
        command(ended(kind))
    assert refusal.value.type == "dossier-closed"
    assert refusal.value.detail != refusal.value.title


@pytest.mark.parametrize("command", ["ask", "complete", "examine", "resolve"])
def test_nothing_is_judged_before_somebody_has_the_dossier(command):
    with pytest.raises(NotStarted):
        COMMANDS[command](Case(submitted(), reserved()))


# -- assignment --------------------------------------------------------------------------------------------------


def test_the_first_assignment_starts_the_review_once():
    case = started()
    assert case.review.assignee == ALICE
    assert case.do(decisions.assign, ALICE, BY, NOW) == []
    (event,) = case.do(decisions.assign, BOB, BY, NOW)
    assert isinstance(event, ReviewAssigned)
    assert (event.assignee, event.assigned_by) == (BOB, BY)


def test_the_public_start_names_nobody():
    _, event = decisions.assign(Case(submitted(), reserved()).review, ALICE, BY, NOW)
    assert event == ReviewStarted(dossier_id=DOSSIER, started_at=NOW)


# -- supplements and completeness --------------------------------------------------------------------------------


def test_supplement_requests_are_numbered_and_dated():
    case = started()
    (first,) = case.ask()
    assert isinstance(first, SupplementRequested)
    assert first.request_id.endswith("-s1")
    assert first.due_at == NOW + timedelta(days=15)
    with pytest.raises(SupplementOutstanding):
        case.ask()
    (second,) = case.hear(lodged()).ask()
    assert isinstance(second, SupplementRequested)
    assert second.request_id.endswith("-s2")


@pytest.mark.parametrize("days", [0, decisions.MAX_SUPPLEMENT_DAYS + 1])
def test_a_supplement_has_a_term_within_limits(days):
    with pytest.raises(AssertionError):
        decisions.request_supplement(started().review, "…", days, NOW)


def test_completeness_is_stated_once_and_apart_from_the_deposit():
    case = started()
    (event,) = case.do(decisions.deem_complete, NOW)
    assert isinstance(event, DossierDeemedComplete)
    assert event.stated_at == NOW != submitted().submitted_at
    assert case.do(decisions.deem_complete, NOW) == []
    with pytest.raises(AlreadyComplete):
        case.ask()


def test_completeness_waits_for_the_supplement():
    case = started()
    case.ask()
    with pytest.raises(SupplementOutstanding):
        case.do(decisions.deem_complete, NOW)
    assert names(case.hear(lodged()).do(decisions.deem_complete, NOW)) == ["DossierDeemedComplete"]


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"documents": ()}, ["letter", "presentation"]),
        ({"documents": (document("p", "presentation"),)}, ["letter"]),
        ({"documents": (document(), document("p", "presentation")), "loans": ()}, ["loans"]),
        ({"documents": (document("i", "intent_letter"),)}, ["presentation"]),
    ],
)
def test_completeness_is_refused_while_a_check_fails(changes, failed):
    with pytest.raises(ChecksFailed) as refusal:
        decisions.deem_complete(started(submitted(**changes)).review, NOW)
    assert refusal.value.problem()["failed"] == failed
    assert all(decisions.CHECK_LABELS[name] in refusal.value.detail for name in failed)


def test_every_check_has_a_french_label():
    assert set(decisions.completeness(started().review)) == set(decisions.CHECK_LABELS)
    assert not decisions.completeness(Case().review)["form"]


# -- eligibility -------------------------------------------------------------------------------------------------


def test_an_examination_keeps_the_rule_set_and_the_zoning_vintage():
    (event,) = started().examine()
    assert isinstance(event, EligibilityExamined)
    assert (event.rule_set, event.zoning_vintage) == ("eligibility-1", submitted().operation.zoning_vintage)


def test_examining_again_records_nothing_while_the_verdicts_are_the_same():
    case = started(in_zone("C"))
    case.examine()
    case.resolve("zone")
    assert case.examine() == []
    assert {one.rule_id for one in case.review.resolutions} == {"zone"}


def test_new_verdicts_ask_for_new_appreciations():
    case = started(in_zone("C"))
    case.examine()
    case.resolve("zone")
    case.hear(reduced(0))
    assert names(case.examine()) == ["EligibilityExamined"]
    assert case.review.resolutions == ()
    assert "loans" in decisions.refused_rules(case.review)


def test_what_a_rule_cannot_tell_is_resolved_by_a_person_with_a_reason():
    case = started(in_zone("C"))
    case.examine()
    assert decisions.unresolved_rules(case.review) == {"zone", "rent"}
    (event,) = case.resolve("zone")
    assert isinstance(event, EligibilityResolved)
    assert (event.reason, event.resolved_by, event.eligible) == ("Besoin avéré", ALICE, True)
    assert case.resolve("zone") == []
    assert decisions.unresolved_rules(case.review) == {"rent"}


@pytest.mark.parametrize("rule_id", ["structure", "no-other-guarantee", "unknown"])
def test_only_what_is_left_to_a_person_can_be_resolved(rule_id):
    case = started(with_other_guarantee())
    case.examine()
    with pytest.raises(NothingToResolve):
        case.resolve(rule_id)


def test_another_guarantee_makes_the_dossier_ineligible():
    case = started(with_other_guarantee())
    case.examine()
    (event,) = case.do(decisions.find_ineligible, [], NOW)
    assert isinstance(event, DossierFoundIneligible)
    assert event.reasons == ("Le plan de financement prévoit d'autres garanties : Commune, 50 %",)
    assert event.rule_set == "eligibility-1"
    assert case.do(decisions.find_ineligible, [], NOW) == []


def test_the_instructor_may_word_the_reasons():
    case = started(with_other_guarantee())
    case.examine()
    (event,) = case.do(decisions.find_ineligible, ["La commune garantit déjà la moitié"], NOW)
    assert isinstance(event, DossierFoundIneligible)
    assert event.reasons == ("La commune garantit déjà la moitié",)


def test_an_unfavourable_appreciation_makes_the_dossier_ineligible():
    case = started(in_zone("C"))
    case.examine()
    case.resolve("rent")
    case.resolve("zone", eligible=False, reason="Aucun besoin des salariés")
    (event,) = case.do(decisions.find_ineligible, [], NOW)
    assert isinstance(event, DossierFoundIneligible)
    assert event.reasons == ("Aucun besoin des salariés",)


def test_the_last_appreciation_counts():
    case = started(in_zone("C"))
    case.examine()
    case.resolve("zone", eligible=False)
    case.resolve("zone")
    assert decisions.refused_rules(case.review) == {}


@pytest.mark.parametrize("deposit", [submitted(), in_zone("C")])
@pytest.mark.parametrize("examined", [True, False])
def test_no_dossier_is_ineligible_without_a_failed_rule(deposit: DossierSubmitted, examined: bool):
    case = started(deposit)
    if examined:
        case.examine()
    with pytest.raises(NotIneligible):
        case.do(decisions.find_ineligible, ["Pas de raison"], NOW)
