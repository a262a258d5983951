"""The acte: two people, an open gate, and always the same bytes."""

import pytest

from services.contracting.domain import acte
from services.contracting.domain.facts import Purpose
from services.contracting.domain.refusals import (
    ActeGateClosed,
    DossierChanged,
    EngagementEnded,
    TwoPeopleNeeded,
)
from shared.contracts.contracting import ActeTransmitted
from shared.contracts.intake import DossierWithdrawn
from tests.unit.contracting.samples import (
    CHECKER,
    DOSSIER,
    NOW,
    OTHER,
    PRINTING,
    complete,
    document,
    loan,
    lodged,
    sent,
)

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)


def test_everything_there_opens_the_gate():
    case = complete()
    acte.check_ready(case.engagement, OTHER)
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
    assert case.do(acte.prepare, document("another"), PRINTING, case.engagement.loans, OTHER, NOW) == []
    assert case.engagement.prepared is not None
    assert case.engagement.prepared.acte == document("acte", "acte")


def test_an_acte_printed_from_other_loans_is_not_settled():
    with pytest.raises(DossierChanged):
        complete().do(acte.prepare, document("acte"), PRINTING, (loan(1),), OTHER, NOW)


def test_an_ended_dossier_gets_no_acte():
    with pytest.raises(EngagementEnded):
        complete().hear(WITHDRAWN).prepare()


def test_a_transmission_is_recorded_once_even_when_an_end_crossed_it():
    case = complete()
    case.prepare()
    case.hear(WITHDRAWN)
    (transmitted,) = case.do(acte.record_transmission, NOW)
    assert transmitted == ActeTransmitted(dossier_id=DOSSIER, acte=document("acte", "acte"), transmitted_at=NOW)
    assert case.do(acte.record_transmission, NOW) == []


def test_an_end_or_an_alert_stops_the_transmission():
    case = complete()
    assert not case.engagement.transmission_pending
    case.prepare()
    assert case.engagement.transmission_pending
    case.screen(Purpose.ACTE, clear=False)
    assert not case.engagement.transmission_pending
    case.screen(Purpose.ACTE)
    assert not case.hear(WITHDRAWN).engagement.transmission_pending
