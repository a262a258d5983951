"""A dossier as its bailleur sees it: one status, who acts next, by when, and a line for every fact."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from services.intake.api.dossiers import timeline_of
from services.intake.domain.dossier import ENDS, STEPS, Dossier, note
from services.intake.domain.facts import DossierOpened
from services.intake.domain.question import QuestionMailed
from services.intake.domain.status import ALS, BAILLEUR, TABLE, PublicStatus
from services.intake.domain.timeline import LABELS, label, moment
from services.intake.handlers import about_a_dossier
from shared.contracts import contracting, envelope, instruction, intake, pricing
from shared.contracts.instruction import Opinion
from tests.announced import AT, PREMIUM_CENTS, announced
from tests.facts import DOSSIER, SUBMITTED_AT, opinion, submitted
from tests.unit.intake.samples import (
    acceptance,
    convention_lodged,
    convention_refused,
    convention_sent,
    issued,
    opened,
    requested,
    seen,
)

FACTS = announced()
SIGNED, PAID = FACTS[contracting.ConventionSigned], FACTS[contracting.PremiumPaid]
PREMIUM_DUE = datetime(2024, 6, 15, 21, 59, 59, 999_999, UTC)
UNFAVOURABLE = opinion(Opinion.UNFAVOURABLE).model_copy(update={"reason": "Risque"})


def after(*classes: type) -> Dossier:
    return seen(*(FACTS[cls] for cls in classes))


# -- the status --------------------------------------------------------------------------------------------------


def test_every_status_has_a_french_label_and_an_actor_unless_it_ended():
    assert set(TABLE) == set(PublicStatus)
    for row in TABLE.values():
        assert row.label
        assert (row.next_actor == "—") is row.ended
    assert {status for status, row in TABLE.items() if row.ended} == {
        *ENDS.values(),
        PublicStatus.UNFAVOURABLE,
        PublicStatus.ACTE_TRANSMITTED,
    }


def test_a_dossier_begins_as_a_draft():
    assert (seen().status, seen().documents, seen().due_at) == (PublicStatus.DRAFT, (), None)
    assert seen().opened == opened()


@pytest.mark.parametrize("cls", list(STEPS))
def test_each_step_is_a_status(cls):
    assert after(cls).status is STEPS[cls]


@pytest.mark.parametrize("cls", list(ENDS))
def test_each_end_is_a_status(cls):
    assert after(intake.DossierSubmitted, cls).status is ENDS[cls]


def test_the_furthest_step_counts_in_whatever_order_the_topics_bring_them():
    steps = [intake.DossierSubmitted, instruction.ReviewStarted, pricing.OfferIssued, contracting.BoardConfirmed]
    assert {after(*order).status for order in permutations(steps)} == {PublicStatus.BOARD_CONFIRMED}


def test_an_unfavourable_opinion_ends_the_dossier_with_its_reason():
    dossier = seen(submitted(), UNFAVOURABLE)
    assert (dossier.status, dossier.end_reason) == (PublicStatus.UNFAVOURABLE, "Risque")


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (intake.DossierWithdrawn, "Abandon"),
        (instruction.DossierFoundIneligible, "Autre garantie ; Zone C"),
        (contracting.BoardRefused, "Risque"),
        (contracting.EngagementLapsed, "Prime impayée"),
        (pricing.OfferExpired, ""),
    ],
)
def test_an_end_has_its_reason(cls, reason):
    assert after(cls).end_reason == reason


@pytest.mark.parametrize("first", [FACTS[pricing.OfferExpired], FACTS[intake.DossierWithdrawn]])
@pytest.mark.parametrize("second", [UNFAVOURABLE, FACTS[contracting.BoardRefused]])
def test_the_first_end_and_its_reason_stay(first, second):
    one, both = seen(submitted(), first), seen(submitted(), first, second)
    assert (both.end, both.end_reason) == (one.end, one.end_reason)
    assert len(both.entries) == len(one.entries) + 1


# -- supplements, offers, conventions ----------------------------------------------------------------------------


def test_an_open_request_comes_before_the_step_until_it_is_answered():
    asked = seen(submitted(), requested("s2"))
    assert asked.status is PublicStatus.SUPPLEMENT_REQUESTED
    other = FACTS[intake.SupplementLodged]
    assert asked.fold(other).supplement == requested("s2")
    answered = asked.fold(other.model_copy(update={"request_id": "s2"}))
    assert (answered.supplement, answered.status) == (None, PublicStatus.SUBMITTED)
    assert seen(submitted(), other).supplement is None


def test_an_answer_is_kept_until_it_is_refused():
    waiting = seen(submitted(), issued(), acceptance("other"), acceptance())
    assert waiting.answers == (acceptance("other"), acceptance())
    assert waiting.answer_to(acceptance().offer_id) == acceptance()
    refused = waiting.fold(FACTS[pricing.OfferAnswerRefused])
    assert (refused.answers, refused.answer_refused) == ((acceptance("other"),), FACTS[pricing.OfferAnswerRefused])
    assert refused.fold(acceptance()).answer_refused is None


def test_a_refused_convention_is_awaited_again():
    lodged = seen(submitted(), convention_sent(), convention_lodged())
    assert lodged.lodged_convention == convention_lodged()
    assert lodged.fold(convention_refused()).lodged_convention is None


def test_payments_add_up():
    paid = FACTS[contracting.PremiumPaymentRecorded]
    assert seen(paid, paid).paid_cents == 2 * PREMIUM_CENTS


def test_what_was_deposited_and_reduced_is_kept():
    dossier = after(intake.DossierSubmitted, intake.LoansReduced)
    assert (dossier.submitted, dossier.documents) == (submitted(), submitted().documents)
    assert dossier.reduced == FACTS[intake.LoansReduced]


@pytest.mark.parametrize(
    "cls",
    [
        envelope.Reserved,
        envelope.Waitlisted,
        envelope.Promoted,
        envelope.Committed,
        envelope.Released,
        envelope.ReservationRefused,
    ],
)
def test_the_envelope_is_what_the_ledger_said_last(cls):
    assert after(envelope.Reserved, cls).envelope == FACTS[cls]


@pytest.mark.parametrize(
    ("ground", "read"),
    [
        (envelope.RefusalGround.NO_ROOM, "Enveloppe consommée"),
        (envelope.RefusalGround.AMOUNT_ABOVE_CAP, "Montant supérieur au plafond de l'enveloppe"),
        (envelope.RefusalGround.INVALID_AMOUNT, "Montant non valide"),
    ],
)
def test_a_bailleur_reads_why_nothing_was_reserved(ground, read):
    refused = FACTS[envelope.ReservationRefused].model_copy(update={"ground": ground})
    assert label(refused) == read
    told = timeline_of(DOSSIER, seen(submitted(), refused))
    assert (told.envelope_label, told.entries[-1].label) == (read, read)


def test_a_smaller_reservation_is_still_a_reservation():
    assert after(envelope.Reserved, envelope.ReservationReduced).envelope == FACTS[envelope.Reserved]


# -- who acts, by when -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "due_at"),
    [
        ((requested(),), requested().due_at),
        ((issued(),), issued().valid_until),
        ((issued(), FACTS[contracting.BoardConfirmed]), issued().valid_until),
        ((convention_sent(),), convention_sent().return_by),
        ((convention_sent(), SIGNED), PREMIUM_DUE),
        ((convention_sent(), PAID), convention_sent().return_by),
        ((SIGNED,), None),
        ((), None),
        ((FACTS[contracting.BoardConfirmed],), None),
    ],
)
def test_the_bailleur_knows_until_when_it_has_to_act(facts, due_at):
    dossier = seen(submitted(), *facts)
    assert dossier.due_at == due_at
    assert (dossier.next_actor == BAILLEUR) is bool(facts)


@pytest.mark.parametrize(
    "facts",
    [
        (convention_sent(), convention_lodged()),
        (convention_sent(), PAID, convention_lodged()),
        (convention_sent(), SIGNED, PAID),
    ],
)
def test_what_the_bailleur_has_done_is_als_turn(facts):
    assert seen(submitted(), *facts).next_actor == ALS


def test_the_premium_stays_due_while_the_returned_convention_is_checked():
    assert seen(submitted(), convention_sent(), convention_lodged()).due_at == PREMIUM_DUE
    assert seen(submitted(), convention_sent(), PAID, convention_lodged()).due_at is None


# -- the timeline ------------------------------------------------------------------------------------------------


def test_every_fact_intake_hears_has_a_line_and_a_moment():
    for cls in about_a_dossier():
        dossier = seen(FACTS[cls])
        assert dossier.entries[-1].event == FACTS[cls]
        assert dossier.entries[-1].at.tzinfo is UTC
        assert LABELS[cls]


@pytest.mark.parametrize(
    ("event", "at"),
    [
        (opened(), SUBMITTED_AT),
        (submitted(), SUBMITTED_AT),
        (FACTS[pricing.OfferIssued], AT),
        (FACTS[contracting.PremiumPaymentRecorded], datetime(2024, 6, 15, 12, tzinfo=UTC)),
    ],
)
def test_a_fact_is_dated_by_itself(event, at):
    assert moment(event) == at


def test_a_fact_without_a_moment_is_a_mistake():
    with pytest.raises(StopIteration):
        moment(QuestionMailed(question_id="q1", mailed_at=AT))


@pytest.mark.parametrize("cls", [intake.DossierSubmitted, intake.DossierWithdrawn, intake.LoansReduced])
def test_what_the_register_holds_is_written_once_however_it_comes(cls):
    assert note(seen(), FACTS[cls]) == [FACTS[cls]]
    assert note(after(cls), FACTS[cls]) == []


def test_what_another_service_announces_is_written_as_it_comes():
    assert note(after(envelope.Reserved), FACTS[envelope.Reserved]) == [FACTS[envelope.Reserved]]


def test_only_what_intake_does_itself_and_what_it_hears_has_a_label():
    lodged = {cls for cls in LABELS if cls.topic == intake.DOSSIER_TOPIC}
    assert set(LABELS) == {DossierOpened, *lodged, *about_a_dossier()}
