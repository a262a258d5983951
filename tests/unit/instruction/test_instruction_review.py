"""The review of a dossier: what is heard, in any order, and where it stands."""

from itertools import permutations

import pytest

from services.instruction.domain import decisions
from services.instruction.domain.review import (
    LABELS,
    Profile,
    Review,
    ReviewStage,
    Suspicions,
)
from shared.contracts.instruction import Opinion
from tests.facts import profile
from tests.unit.instruction.samples import (
    NOW,
    Case,
    in_committee,
    lodged,
    presentable,
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


def test_every_stage_has_a_french_label():
    assert set(LABELS) == set(ReviewStage)


@pytest.mark.parametrize("pieces", list(permutations([submitted(), reserved(), waitlisted()])))
def test_the_deposit_and_its_place_come_in_any_order(pieces):
    assert Case(*pieces).review.stage is ReviewStage.TO_ASSIGN


def test_a_waitlisted_dossier_waits_until_its_promotion():
    case = Case(submitted(), waitlisted())
    assert case.review.stage is ReviewStage.WAITING
    assert case.hear(promoted()).review.stage is ReviewStage.TO_ASSIGN


@pytest.mark.parametrize("end", [withdrawn(), released(), refused()])
@pytest.mark.parametrize("first", [True, False])
def test_an_end_closes_the_review_even_when_it_is_heard_first(end, first):
    pieces = [end, submitted(), reserved()] if first else [submitted(), reserved(), end]
    review = Case(*pieces).review
    assert review.stage is ReviewStage.CLOSED
    assert review.closed == type(end).__name__


def test_the_first_end_is_the_reason():
    assert Case(submitted(), withdrawn(), released()).review.closed == "DossierWithdrawn"


def test_the_stages_follow_each_other():
    case = started()
    assert case.review.stage is ReviewStage.UNDER_REVIEW
    case.ask()
    assert case.review.stage is ReviewStage.SUPPLEMENT_REQUESTED
    assert case.hear(lodged()).review.stage is ReviewStage.UNDER_REVIEW
    assert presentable().review.stage is ReviewStage.DEEMED_COMPLETE
    assert in_committee().review.stage is ReviewStage.IN_COMMITTEE


@pytest.mark.parametrize(
    ("opinion", "stage"),
    [(Opinion.FAVOURABLE, ReviewStage.FAVOURABLE), (Opinion.UNFAVOURABLE, ReviewStage.UNFAVOURABLE)],
)
def test_an_opinion_stays_when_the_reservation_is_released_after_it(opinion, stage):
    case = in_committee()
    case.opine(opinion, "Équilibre insuffisant")
    assert case.hear(released()).review.stage is stage


def test_an_ineligible_dossier_stays_ineligible_when_its_reservation_is_released():
    case = started(with_other_guarantee())
    case.examine()
    case.do(decisions.find_ineligible, [], NOW)
    assert case.hear(released("DossierFoundIneligible")).review.stage is ReviewStage.INELIGIBLE


def test_only_the_answer_to_the_open_request_closes_it():
    case = started()
    case.ask()
    assert case.hear(lodged("another")).review.supplement is not None
    review = case.hear(lodged()).review
    assert review.supplement is None
    assert [answer.message for answer in review.supplement_answers] == ["Voici", "Voici"]
    assert [document.document_id for document in review.documents] == ["letter", "file", "answer", "answer"]


def test_an_answer_that_nobody_asked_for_changes_no_stage():
    assert started().hear(lodged()).review.stage is ReviewStage.UNDER_REVIEW


def test_a_supplement_does_not_change_the_rank():
    case = started(submitted(deposit_number=7))
    case.ask()
    review = case.hear(lodged()).review
    assert review.submitted is not None
    assert review.submitted.deposit_number == 7


@pytest.mark.parametrize("pieces", [(reduced(), submitted()), (submitted(), reduced())])
def test_reduced_loans_count_whenever_they_are_heard(pieces):
    assert Case(*pieces).review.loans == reduced().loans


def test_a_review_without_a_deposit_has_no_documents():
    assert Review().documents == ()


def test_each_confidential_stream_takes_its_own_facts_only():
    assert Profile().fold(profile()).recorded == profile()
    assert Profile().fold(submitted()) == Profile()
    assert Suspicions().fold(submitted()) == Suspicions()
    assert Review().fold(profile()) == Review()
