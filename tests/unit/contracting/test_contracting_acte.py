"""The acte: two people, an open gate, and always the same bytes."""

from datetime import date, timedelta

import pytest

from services.contracting.domain import acte
from services.contracting.domain.facts import ActeDelivered, Channel, Purpose
from services.contracting.domain.refusals import (
    AcknowledgementConflict,
    AcknowledgementMismatch,
    AcknowledgementTooEarly,
    ActeGateClosed,
    ActeNotTransmitted,
    DateInFuture,
    DossierChanged,
    EngagementEnded,
    TwoPeopleNeeded,
)
from shared.contracts.contracting import ActeTransmitted
from shared.contracts.intake import DossierWithdrawn
from shared.events import Event
from tests.unit.contracting.cases import Case, complete, sent
from tests.unit.contracting.samples import (
    CHECKER,
    DOSSIER,
    NOW,
    OTHER,
    PRINTING,
    TODAY,
    document,
    loan,
    lodged,
    proof,
    reduced,
)

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


def test_everything_there_opens_the_gate():
    case = complete()
    acte.check_ready(case.engagement, OTHER, NOW)
    (prepared,) = case.prepare()
    assert type(prepared).__name__ == "ActePrepared"


def test_the_gate_names_what_is_missing():
    case = sent().hear(lodged())
    case.check()
    with pytest.raises(ActeGateClosed, match="toute la prime ; le filtrage") as refused:
        case.prepare()
    assert refused.value.facts["missing"] == ["premium-paid", "acte-screening"]


def test_the_checker_of_the_convention_does_not_prepare_the_acte():
    with pytest.raises(TwoPeopleNeeded):
        complete().prepare(CHECKER)


def test_what_was_settled_first_stays():
    case = complete()
    case.prepare()
    assert case.do(acte.prepare, document("another"), PRINTING, case.engagement.loans, (), OTHER, NOW) == []
    assert case.engagement.prepared is not None
    assert case.engagement.prepared.acte == document("acte", "acte")


def test_an_acte_printed_from_other_loans_is_not_settled():
    with pytest.raises(DossierChanged):
        complete().do(acte.prepare, document("acte"), PRINTING, (loan(1),), (), OTHER, NOW)


def test_an_ended_dossier_gets_no_acte():
    with pytest.raises(EngagementEnded):
        complete().hear(WITHDRAWN).prepare()


def test_a_transmission_is_recorded_once_even_when_an_end_crossed_it():
    case = complete()
    case.prepare()
    case.hear(WITHDRAWN)
    delivered, transmitted = case.do(acte.record_transmission, proof(), NOW)
    assert delivered == ActeDelivered(dossier_id=DOSSIER, proof=proof())
    assert transmitted == ActeTransmitted(dossier_id=DOSSIER, acte=document("acte", "acte"), transmitted_at=NOW)
    assert case.do(acte.record_transmission, proof(), NOW) == []


def test_each_way_keeps_its_own_proof_once_and_the_first_transmits():
    case = complete()
    case.prepare(channels=(Channel.SFTP, Channel.MAIL))
    assert acte.channels_left(case.engagement) == (Channel.SFTP, Channel.MAIL)
    by_mail = proof(channel=Channel.MAIL)
    assert [type(one) for one in case.do(acte.record_transmission, by_mail, NOW)] == [ActeDelivered, ActeTransmitted]
    assert acte.channels_left(case.engagement) == (Channel.SFTP,)
    assert case.do(acte.record_transmission, by_mail, NOW) == []
    assert case.do(acte.record_transmission, proof(), NOW) == [ActeDelivered(dossier_id=DOSSIER, proof=proof())]
    assert acte.channels_left(case.engagement) == ()


def test_what_holds_an_acte_up_holds_its_first_way_only():
    case = complete()
    assert acte.channels_left(case.engagement) == ()
    case.prepare(channels=(Channel.SFTP, Channel.MAIL))
    case.screen(Purpose.ACTE, clear=False)
    assert acte.channels_left(case.engagement) == ()
    case.do(acte.record_transmission, proof(), NOW)
    assert acte.channels_left(case.engagement) == (Channel.MAIL,)


def test_the_acte_is_prepared_on_a_screening_of_the_last_seven_days():
    case = complete()
    acte.check_ready(case.engagement, OTHER, NOW + timedelta(days=7))
    with pytest.raises(ActeGateClosed, match="date de plus de 7\u00a0jours") as refused:
        acte.check_ready(case.engagement, OTHER, NOW + timedelta(days=8))
    assert refused.value.facts["missing"] == ["acte-screening"]


def test_a_settled_acte_waits_once_its_screening_is_too_old_and_no_more_once_it_left():
    case, late = complete(), NOW + timedelta(days=8)
    assert not acte.screening_outdated(case.engagement, late)
    case.prepare()
    assert not acte.screening_outdated(case.engagement, NOW + timedelta(days=7))
    assert acte.screening_outdated(case.engagement, late)
    case.do(acte.record_transmission, proof(), NOW)
    assert not acte.screening_outdated(case.engagement, late)


def test_loans_reduced_after_the_acte_was_prepared_stop_its_transmission():
    case = complete()
    case.prepare()
    assert not case.hear(reduced()).engagement.transmission_pending


def test_an_end_or_an_alert_stops_the_transmission():
    case = complete()
    assert not case.engagement.transmission_pending
    case.prepare()
    assert case.engagement.transmission_pending
    case.screen(Purpose.ACTE, clear=False)
    assert not case.engagement.transmission_pending
    case.screen(Purpose.ACTE)
    assert not case.hear(WITHDRAWN).engagement.transmission_pending


def test_other_bytes_than_the_settled_ones_are_never_recorded_as_sent():
    case = complete()
    case.prepare()
    with pytest.raises(AssertionError, match="what was settled"):
        case.do(acte.record_transmission, proof("1" * 64), NOW)


# -- acknowledgement -------------------------------------------------------------------------------------------------


def transmitted() -> Case:
    case = complete()
    case.prepare()
    case.do(acte.record_transmission, proof(), NOW)
    return case


def acknowledging(case: Case, reference: str = "BDT-1", on: date = TODAY, sha256: str | None = None) -> list[Event]:
    return case.do(acte.acknowledge, reference, on, sha256, "user:legal", NOW)


def test_the_bdt_acknowledges_an_acte_once():
    case = transmitted()
    (acknowledged,) = acknowledging(case, sha256=document("acte").sha256)
    assert case.engagement.acknowledged == acknowledged
    assert acknowledging(case) == []
    with pytest.raises(AcknowledgementConflict, match="BDT-1"):
        acknowledging(case, "BDT-2")
    with pytest.raises(AcknowledgementConflict):
        acknowledging(case, on=TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"on": TODAY + timedelta(days=1)}, DateInFuture),
        ({"on": TODAY - timedelta(days=1)}, AcknowledgementTooEarly),
        ({"sha256": "1" * 64}, AcknowledgementMismatch),
    ],
)
def test_an_acknowledgement_that_cannot_be_is_refused(given, refusal):
    with pytest.raises(refusal):
        acknowledging(transmitted(), **given)


def test_what_was_not_transmitted_is_not_acknowledged():
    with pytest.raises(ActeNotTransmitted):
        acknowledging(complete())
