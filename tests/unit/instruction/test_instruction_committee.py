"""Diligence, criteria, the committee's gate and its opinion."""

from datetime import UTC, datetime, timedelta

import pytest

from services.instruction.domain import committee, decisions
from services.instruction.domain.facts import Criterion, OvertakingRecorded, RiskClass
from services.instruction.domain.refusals import (
    CommitteeGateClosed,
    CriteriaIncomplete,
    DateInFuture,
    DossierClosed,
    NoReservation,
    NotInCommittee,
    OpinionAlreadyGiven,
    OrderReasonNeeded,
    ReasonRequired,
)
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, SentToCommittee
from shared.contracts.intake import DossierSubmitted
from tests.unit.instruction.samples import (
    ALICE,
    NOW,
    TODAY,
    Case,
    assessments,
    diligence,
    in_committee,
    in_zone,
    presentable,
    started,
    submitted,
    waitlisted,
    with_other_guarantee,
    withdrawn,
)

TOMORROW = TODAY + timedelta(days=1)


# -- diligence ---------------------------------------------------------------------------------------------------


def test_diligence_is_recorded_again_only_when_it_says_something_else():
    case = started()
    assert case.do(committee.record_diligence, diligence()) == [diligence()]
    later = diligence(recorded_at=NOW + timedelta(hours=1), recorded_by="user:conformite-2")
    assert case.do(committee.record_diligence, later) == []
    assert case.do(committee.record_diligence, diligence(risk_class=RiskClass.MEDIUM)) != []


def test_a_screening_is_not_dated_tomorrow():
    with pytest.raises(DateInFuture) as refusal:
        committee.record_diligence(started().review, diligence(screened_on=TOMORROW))
    assert refusal.value.pointer == "/screened_on"


def test_the_day_is_that_of_paris():
    # 00:30 on the 16th in Paris is still the 15th in UTC.
    night = datetime(2024, 5, 15, 22, 30, tzinfo=UTC)
    assert committee.record_diligence(started().review, diligence(screened_on=TOMORROW, recorded_at=night))


def test_a_waitlisted_dossier_has_no_diligence_yet():
    with pytest.raises(NoReservation):
        committee.record_diligence(Case(submitted(), waitlisted()).review, diligence())


# -- criteria ----------------------------------------------------------------------------------------------------


def test_the_six_criteria_are_assessed_together_and_can_be_revised():
    case = started()
    assert case.do(committee.assess, assessments(), ALICE, NOW) != []
    assert case.do(committee.assess, assessments(), ALICE, NOW) == []
    case.do(committee.assess, assessments(score=1), ALICE, NOW)
    assert case.review.criteria is not None
    assert case.review.criteria.assessments[0].score == 1


@pytest.mark.parametrize(
    "given",
    [
        assessments()[1:],
        [*assessments()[1:], assessments()[1]],
        [*assessments(), assessments()[0]],
        assessments(justification="  "),
        assessments(score=0),
        assessments(score=6),
        [],
    ],
)
def test_each_criterion_once_from_1_to_5_with_a_justification(given):
    with pytest.raises(CriteriaIncomplete):
        committee.assess(started().review, given, ALICE, NOW)


def test_there_are_six_criteria():
    assert len(Criterion) == 6


# -- the gate ----------------------------------------------------------------------------------------------------


def test_a_complete_file_goes_to_the_committee_once():
    case = presentable()
    assert committee.committee_gate(case.review) == []
    assert case.do(committee.send_to_committee, NOW) == [SentToCommittee(dossier_id=case_id(case), sent_at=NOW)]
    assert case.do(committee.send_to_committee, NOW) == []


def case_id(case: Case) -> str:
    assert case.review.submitted is not None
    return case.review.submitted.dossier_id


def test_the_gate_names_everything_that_is_missing():
    with pytest.raises(CommitteeGateClosed) as refusal:
        committee.send_to_committee(started().review, NOW)
    missing = refusal.value.problem()["missing"]
    assert missing == [
        "completeness",
        "eligibility",
        "client-identification",
        "beneficial-owners",
        "asset-freeze-screening",
        "rating",
        "criteria",
    ]
    assert all(committee.GATE_LABELS[name] in refusal.value.detail for name in missing)


def test_everything_the_gate_can_name_has_a_french_label():
    case = started(in_zone("C"))
    case.examine()
    case.do(committee.record_diligence, diligence(risk_class=RiskClass.HIGH))
    named = {*committee.committee_gate(case.review), *committee.committee_gate(started().review)}
    assert named == set(committee.GATE_LABELS)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"client_identified": False}, ["client-identification"]),
        ({"beneficial_owners_identified": False}, ["beneficial-owners"]),
        ({"screening_clear": False}, ["asset-freeze-screening"]),
        ({"risk_class": RiskClass.MEDIUM}, []),
        ({"risk_class": RiskClass.HIGH}, ["senior-decision"]),
        ({"risk_class": RiskClass.HIGH, "senior_decision": " "}, ["senior-decision"]),
        ({"risk_class": RiskClass.HIGH, "senior_decision": "Direction de la conformité : accord"}, []),
    ],
)
def test_the_diligence_gates_the_committee(changes, missing):
    case = presentable()
    case.do(committee.record_diligence, diligence(**changes))
    assert committee.committee_gate(case.review) == missing


@pytest.mark.parametrize(
    ("deposit", "missing"),
    [(with_other_guarantee(), ["eligibility"]), (in_zone("C"), ["eligibility-appreciation"])],
)
def test_the_rules_gate_the_committee(deposit: DossierSubmitted, missing):
    assert committee.committee_gate(presentable(deposit).review) == missing


def test_an_unfavourable_appreciation_keeps_the_gate_closed():
    case = presentable(in_zone("C"))
    case.resolve("rent")
    case.resolve("zone", eligible=False)
    assert committee.committee_gate(case.review) == ["eligibility"]
    case.resolve("zone")
    assert committee.committee_gate(case.review) == []


# -- the opinion -------------------------------------------------------------------------------------------------


def test_a_favourable_opinion_is_public_and_holds_no_rating():
    case = in_committee()
    (event,) = case.opine()
    assert isinstance(event, CommitteeOpinionGiven)
    assert set(event.model_dump()) == {"dossier_id", "opinion", "session_date", "given_at", "reason"}


def test_an_opinion_is_repeated_without_effect_and_never_changed():
    case = in_committee()
    case.opine()
    assert case.opine() == []
    with pytest.raises(OpinionAlreadyGiven):
        case.opine(Opinion.UNFAVOURABLE, "Équilibre insuffisant")
    with pytest.raises(OpinionAlreadyGiven):
        case.opine(day=TODAY - timedelta(days=1))


def test_an_unfavourable_opinion_says_why():
    case = in_committee()
    with pytest.raises(ReasonRequired):
        case.opine(Opinion.UNFAVOURABLE, " ")
    (event,) = case.opine(Opinion.UNFAVOURABLE, "Équilibre insuffisant")
    assert isinstance(event, CommitteeOpinionGiven)
    assert event.reason == "Équilibre insuffisant"


def test_no_opinion_on_what_is_not_in_committee():
    with pytest.raises(NotInCommittee):
        presentable().opine()


def test_no_opinion_on_a_withdrawn_dossier():
    with pytest.raises(DossierClosed):
        in_committee().hear(withdrawn()).opine()


def test_no_opinion_of_a_session_to_come():
    with pytest.raises(DateInFuture):
        in_committee().opine(day=TOMORROW)


def test_a_favourable_opinion_looks_at_the_gate_again():
    case = in_committee()
    case.do(committee.record_diligence, diligence(screening_clear=False))
    with pytest.raises(CommitteeGateClosed):
        case.opine()
    assert case.opine(Opinion.UNFAVOURABLE, "Équilibre insuffisant")


def test_an_overtaking_needs_a_recorded_reason():
    case = in_committee()
    with pytest.raises(OrderReasonNeeded) as refusal:
        case.opine(overtaken=(2, 5), order_reason=" ")
    assert refusal.value.problem()["overtaken"] == [2, 5]
    overtaking, _ = case.opine(overtaken=(2, 5), order_reason="Complément attendu sur les antérieurs")
    assert isinstance(overtaking, OvertakingRecorded)
    assert (overtaking.topic, overtaking.overtaken) == (None, (2, 5))
    assert case.review.overtaking == overtaking


def test_an_order_reason_without_an_overtaking_records_none():
    case = in_committee()
    assert len(case.opine(order_reason="Séance unique")) == 1
    assert case.review.overtaking is None


def test_the_end_of_an_ineligible_dossier_is_not_an_opinion():
    case = started(with_other_guarantee())
    case.examine()
    case.do(decisions.find_ineligible, [], NOW)
    with pytest.raises(DossierClosed):
        case.opine()
